import type { HaState } from '../../admin/ha-status.js';
import {
  type ApacheCommand,
  type ApacheContext,
  missingTarget,
  partialExit,
  targetFlag,
  unknownCluster,
} from './command.js';
import { dateTimeMillis, left, right } from './java-text.js';
import { optional } from './option.js';
import { INTERVAL, repeated } from './repeat.js';

/** Source: tools/command/ha/HAStatusSubCommand.java */
const haStatus: ApacheCommand = {
  name: 'haStatus',
  options: [
    optional('c', 'clusterName', 'cluster whose masters are asked'),
    optional('b', 'brokerAddr', 'host:port of the one broker asked'),
    INTERVAL,
  ],
  async run(context) {
    const target = targetFlag(context.flags);
    if (target === null) return missingTarget(context);
    const { haStatus: read } = await import('../../admin/ha-status.js');
    const session = await context.connect();
    return repeated(context, async () => {
      const result = await read(session, target).catch((error: unknown) => {
        throw unknownCluster(error);
      });
      for (const state of result.brokers) await (state.master ? showMaster(context, state) : showSlave(context, state));
      return partialExit(context, result);
    });
  },
};

async function showMaster(context: ApacheContext, state: HaState): Promise<void> {
  const { addr, masterCommitLogMaxOffset, haConnectionInfo, inSyncSlaveNums } = state;
  await context.print(
    `\n#MasterAddr\t${addr}\n#MasterCommitLogMaxOffset\t${masterCommitLogMaxOffset}\n` +
      `#SlaveNum\t${haConnectionInfo.length}\n#InSyncSlaveNum\t${inSyncSlaveNums}\n`,
  );
  const row = (slave: string, acked: string | number, rest: ReadonlyArray<string | number>) =>
    context.line(`${left(slave, 32)}  ${left(acked, 16)} ${rest.map((cell) => right(cell, 16)).join(' ')}`);
  await row('#SlaveAddr', '#SlaveAckOffset', ['#Diff', '#TransferSpeed(KB/s)', '#Status', '#TransferFromWhere']);
  for (const slave of haConnectionInfo) {
    const speed = (slave.transferredByteInSecond / 1024).toFixed(2);
    const status = slave.inSync ? 'OK' : 'Fall Behind';
    await row(slave.addr ?? '', slave.slaveAckOffset, [slave.diff, speed, status, slave.transferFromWhere]);
  }
}

async function showSlave(context: ApacheContext, { haClientRuntimeInfo: info }: HaState): Promise<void> {
  await context.print(`\n#MasterAddr\t${info.masterAddr ?? 'null'}\n`);
  await context.line(`#CommitLogMaxOffset\t${info.maxOffset}`);
  await context.line(`#TransferSpeed(KB/s)\t${(info.transferredByteInSecond / 1024).toFixed(2)}`);
  await context.line(`#LastReadTime\t${dateTimeMillis(info.lastReadTimestamp)}`);
  await context.line(`#LastWriteTime\t${dateTimeMillis(info.lastWriteTimestamp)}`);
  await context.line(`#MasterFlushOffset\t${info.masterFlushOffset}`);
}

/** Source: tools/command/broker/GetBrokerEpochSubCommand.java */
const getBrokerEpoch: ApacheCommand = {
  name: 'getBrokerEpoch',
  options: [
    optional('c', 'clusterName', 'cluster whose brokers are all asked'),
    optional('b', 'brokerName', 'broker name whose replicas are all asked'),
    INTERVAL,
  ],
  async run(context) {
    const { flags } = context;
    const [brokerName, clusterName] = [flags.value('b'), flags.value('c')];
    if (brokerName === null && clusterName === null) return missingTarget(context);
    const { brokerEpochs } = await import('../../admin/ha-status.js');
    const session = await context.connect();
    return repeated(context, async () => {
      const query = brokerName === null ? { clusterName: clusterName as string } : { brokerName };
      const result = await brokerEpochs(session, query).catch((error: unknown) => {
        throw brokerName === null ? unknownCluster(error) : error;
      });
      for (const broker of result.brokers) {
        const { clusterName: cluster, brokerId, addr, epochList } = broker;
        const epochs = epochList.map(
          ({ epoch, startOffset, endOffset }) =>
            `\n#Epoch: EpochEntry{epoch=${epoch}, startOffset=${startOffset}, endOffset=${endOffset}}`,
        );
        await context.print(
          `\n#clusterName\t${cluster}\n#brokerName\t${broker.brokerName}\n#brokerAddr\t${addr}\n#brokerId\t${brokerId}` +
            `${epochs.join('')}\n`,
        );
      }
      return partialExit(context, result);
    });
  },
};

export const commands: readonly ApacheCommand[] = [haStatus, getBrokerEpoch];
