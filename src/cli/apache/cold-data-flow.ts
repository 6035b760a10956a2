import type { Replica } from '../../admin/cold-data-flow.js';
import { UsageError } from '../usage-error.js';
import {
  type ApacheCommand,
  type ApacheContext,
  missingTarget,
  needed,
  partialExit,
  targetFlag,
  unknownCluster,
} from './command.js';
import { dateTime, jsonObjectOf } from './java-text.js';
import { optional, required } from './option.js';

const BROKER = (what: string) => optional('b', 'brokerAddr', `host:port of the one broker to ${what}`);
const GROUP = required('g', 'consumerGroup', 'consumer group whose cold reads are limited');

function heading({ addr, masterAddr }: Replica): string {
  if (masterAddr === null) return ` ============${addr}============`;
  return masterAddr === addr
    ? ` ============Master: ${addr}============`
    : ` ============My Master: ${masterAddr}=====Slave: ${addr}============`;
}

/** Source: tools/command/broker/GetColdDataFlowCtrInfoSubCommand.java */
const getColdDataFlowCtrInfo: ApacheCommand = {
  name: 'getColdDataFlowCtrInfo',
  options: [BROKER('address'), optional('c', 'clusterName', 'cluster whose brokers are addressed')],
  async run(context) {
    const target = targetFlag(context.flags);
    if (target === null) return missingTarget(context);
    const [{ coldDataFlow }, { stringifyFastjson }] = await Promise.all([
      import('../../admin/cold-data-flow.js'),
      import('../../protocol/fastjson.js'),
    ]);
    const result = await coldDataFlow(await context.connect(), target).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    for (const broker of result.brokers) {
      await context.line(heading(broker));
      if (broker.info === null) await context.line(`Broker[${broker.addr}] has no cold ctr table !`);
      else await context.line(stringifyFastjson(jsonObjectOf(withTimes(broker.info)), { pretty: true }));
    }
    return partialExit(context, result);
  },
};

/** The same with times as text, in place of those in ms. */
function withTimes(info: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { runtimeTable } = info;
  if (typeof runtimeTable !== 'object' || runtimeTable === null) return { ...info };
  const groups = Object.entries(runtimeTable).map(([group, value]: [string, unknown]) => {
    const { lastColdReadTimeMills, createTimeMills, ...rest } = value as Record<string, unknown>;
    const times = {
      lastColdReadTimeFormat: dateTime(Number(lastColdReadTimeMills)),
      createTimeFormat: dateTime(Number(createTimeMills)),
    };
    return [group, { ...rest, ...times }];
  });
  return { ...info, runtimeTable: Object.fromEntries(groups) };
}

/** Changes a limit and says where. */
async function changeLimit(context: ApacheContext, threshold: number | null, done: string): Promise<number> {
  const target = targetFlag(context.flags);
  if (target === null) return missingTarget(context);
  const { setColdLimit } = await import('../../admin/cold-data-flow.js');
  const request = { target, consumerGroup: needed(context.flags, 'g'), threshold };
  const result = await setColdLimit(await context.connect(), request).catch((error: unknown) => {
    throw unknownCluster(error);
  });
  for (const { addr } of result.brokers) await context.line(`${done} success, ${addr}`);
  return partialExit(context, result);
}

/** Source: tools/command/broker/UpdateColdDataFlowCtrGroupConfigSubCommand.java */
const updateColdDataFlowCtrGroupConfig: ApacheCommand = {
  name: 'updateColdDataFlowCtrGroupConfig',
  writes: true,
  options: [
    BROKER('change'),
    optional('c', 'clusterName', 'cluster whose masters are changed'),
    GROUP,
    required('v', 'threshold', 'cold-read limit for the group, bytes a second'),
  ],
  async run(context) {
    const text = needed(context.flags, 'v');
    if (!/^\d+$/.test(text)) throw new UsageError(`-v: "${text}" is no number of bytes a second`);
    return changeLimit(context, Number(text), 'updateColdDataFlowCtrGroupConfig');
  },
};

/** Source: tools/command/broker/RemoveColdDataFlowCtrGroupConfigSubCommand.java */
const removeColdDataFlowCtrGroupConfig: ApacheCommand = {
  name: 'removeColdDataFlowCtrGroupConfig',
  writes: true,
  options: [BROKER('change'), optional('c', 'clusterName', 'cluster whose masters are changed'), GROUP],
  run: (context) => changeLimit(context, null, 'remove broker cold read threshold'),
};

/** Source: tools/command/broker/CommitLogSetReadAheadSubCommand.java */
const setCommitLogReadAheadMode: ApacheCommand = {
  name: 'setCommitLogReadAheadMode',
  writes: true,
  options: [
    BROKER('change'),
    optional('c', 'clusterName', 'cluster whose brokers are all changed'),
    required('m', 'commitLogReadAheadMode', '0 normal read-ahead, 1 random access'),
  ],
  async run(context) {
    const mode = needed(context.flags, 'm');
    if (mode !== '0' && mode !== '1') {
      await context.line('set the read mode error; 0 is default, 1 random read');
      throw new UsageError(`-m: "${mode}" is neither 0 nor 1`);
    }
    const target = targetFlag(context.flags);
    if (target === null) return missingTarget(context);
    const { setReadAhead } = await import('../../admin/cold-data-flow.js');
    const request = { target, mode: mode === '1' ? 1 : 0 } as const;
    const result = await setReadAhead(await context.connect(), request).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    for (const broker of result.brokers) {
      await context.line(heading(broker));
      await context.line(`commitLog set readAhead mode rstStr${broker.remark}`);
    }
    return partialExit(context, result);
  },
};

export const commands: readonly ApacheCommand[] = [
  getColdDataFlowCtrInfo,
  updateColdDataFlowCtrGroupConfig,
  removeColdDataFlowCtrGroupConfig,
  setCommitLogReadAheadMode,
];
