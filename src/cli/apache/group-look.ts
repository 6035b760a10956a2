import { type ApacheCommand, needed, partialExit } from './command.js';
import { groupConfigFields } from './group-config-text.js';
import { left } from './java-text.js';
import { required } from './option.js';

/** A group that nobody knows is not found, where Apache's command says nothing. Source: tools/command/consumer/GetConsumerConfigSubCommand.java */
const getConsumerConfig: ApacheCommand = {
  name: 'getConsumerConfig',
  options: [required('g', 'groupName', 'consumer group whose config is read')],
  async run(context) {
    const { groupConfigs } = await import('../../admin/group-config.js');
    const result = await groupConfigs(await context.connect(), { consumerGroup: needed(context.flags, 'g') });
    for (const { clusterName, brokerName, config } of result.brokers) {
      const rule = '='.repeat(29);
      await context.line(`${rule}${clusterName}:${brokerName}${rule}`);
      for (const [name, value] of groupConfigFields(config)) await context.line(`${left(name, 40)}=  ${value ?? ''}`);
    }
    return partialExit(context, result);
  },
};

/** Source: tools/command/producer/ProducerSubCommand.java, remoting/protocol/body/ProducerInfo.java#toString */
const producer: ApacheCommand = {
  name: 'producer',
  options: [required('b', 'broker', 'host:port of the broker asked')],
  async run(context) {
    const { connectedProducers } = await import('../../admin/producers.js');
    const found = await connectedProducers(await context.connect(), { brokerAddr: needed(context.flags, 'b') });
    for (const group of found.emptyGroups) await context.line(`producer group (${group}) instances are empty`);
    for (const { producerGroup, clientId, remoteIP, language, versionNumber, lastUpdateTimestamp } of found.producers) {
      await context.line(
        `producer group (${producerGroup}) instance : clientId=${clientId},remoteIP=${remoteIP}, ` +
          `language=${language}, version=${versionNumber}, lastUpdateTimestamp=${lastUpdateTimestamp}`,
      );
    }
    return partialExit(context, found);
  },
};

export const commands: readonly ApacheCommand[] = [getConsumerConfig, producer];
