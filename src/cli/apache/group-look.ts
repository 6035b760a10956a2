import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GroupStatus, QueueTrouble } from '../../admin/consumer-status.js';
import { type ApacheCommand, type ApacheContext, needed, partialExit } from './command.js';
import { groupConfigFields } from './group-config-text.js';
import { left } from './java-text.js';
import { messageQueueText } from './message-text.js';
import { optional, required, toggle } from './option.js';

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

/** Source: tools/command/consumer/ConsumerStatusSubCommand.java */
const consumerStatus: ApacheCommand = {
  name: 'consumerStatus',
  options: [
    required('g', 'consumerGroup', 'consumer group to inspect'),
    optional('i', 'clientId', 'one client id; left out means every client'),
    optional('b', 'brokerAddr', 'ask this broker for the client list'),
    toggle('s', 'jstack', 'also fetch a client thread dump'),
  ],
  async run(context) {
    const { flags } = context;
    const clientId = flags.value('i');
    const [{ consumerStatus: read }, { runningInfoText }] = await Promise.all([
      import('../../admin/consumer-status.js'),
      import('./running-info-text.js'),
    ]);
    const status = await read(await context.connect(), {
      consumerGroup: needed(flags, 'g'),
      clientId,
      brokerAddr: flags.value('b'),
      jstack: flags.has('s'),
    });
    if (clientId === null) await showMembers(context, status, runningInfoText);
    else for (const { info } of status.members) if (info !== null) await context.print(runningInfoText(info));
    return partialExit(context, status);
  },
};

/** What each member tells goes to a file under the working folder. */
async function showMembers(
  context: ApacheContext,
  status: GroupStatus,
  format: (info: NonNullable<GroupStatus['members'][number]['info']>) => string,
): Promise<void> {
  const row = (index: string | number, clientId: string, version: string, file: string) =>
    context.line(`${left(index, 10)} ${left(clientId, 40)} ${left(version, 20)} ${file}`);
  await row('#Index', '#ClientId', '#Version', '#ConsumerRunningInfoFile');
  const folder = String(context.io.clock.now());
  let index = 0;
  for (const { clientId, version, info, reason } of status.members) {
    if (info === null) {
      await context.complain(`${clientId}: ${reason}`);
      continue;
    }
    // The id comes from the network: it must not leave the folder.
    const name = clientId.replace(/[/\\]|^\.+$/g, '_');
    await mkdir(join(context.io.cwd, folder), { recursive: true });
    await writeFile(join(context.io.cwd, folder, name), format(info));
    index += 1;
    await row(index, clientId, version ?? '', `${folder}/${name}`);
  }
  if (status.isSameSubscription === null) return;
  if (!status.isSameSubscription) {
    await context.print('\n\nWARN: Different subscription in the same group of consumer!!!');
    return;
  }
  await context.print('\n\nSame subscription in the same group of consumer\n\nRebalance OK\n');
  for (const trouble of status.troubles) await context.line(troubleText(trouble));
}

/** Source: remoting/protocol/body/ConsumerRunningInfo.java#analyzeProcessQueue */
export function troubleText({ clientId, mq, kind, amount }: QueueTrouble): string {
  const queue = `${clientId} ${messageQueueText(mq)}`;
  switch (kind) {
    case 'not-locked':
      return `${queue} can't lock for a while, ${amount}ms`;
    case 'unlock-failed':
      return `${queue} unlock ${amount} times, still failed`;
    case 'blocked':
      return `${queue} can't consume for a while, maybe blocked, ${amount}ms`;
  }
}

export const commands: readonly ApacheCommand[] = [getConsumerConfig, producer, consumerStatus];
