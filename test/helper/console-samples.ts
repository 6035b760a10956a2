import type { BrokerReading, GroupReading, Sample, TopicReading } from '../../src/admin/cluster-sample.js';
import type { Action, ConsoleState, Effect } from '../../src/console/state/console-state.js';
import { type ConsoleOptions, initialState } from '../../src/console/state/console-state.js';
import { reduce } from '../../src/console/state/reduce.js';
import { lineText } from '../../src/console/tables/line.js';
import { screenLines } from '../../src/console/views/screen.js';

export const START_MS = 1_700_000_000_000;

const client = { clientId: '10.0.0.1@77', clientAddr: '10.0.0.1:5000', language: 'JAVA', version: 'V5_3_3' };

/** A group with one member that has consumed everything, unless told otherwise. */
export function group(values: Partial<GroupReading> = {}): GroupReading {
  const brokerOffset = values.brokerOffset ?? 0;
  const consumerOffset = values.consumerOffset ?? 0;
  const lag = values.lag === undefined ? brokerOffset - consumerOffset : values.lag;
  return {
    group: 'mailer',
    readAtMs: START_MS,
    topics: [{ topic: 'orders', lag: lag ?? 0, consumerOffset }],
    brokerOffset,
    consumerOffset,
    lag,
    knownLag: null,
    uncommitted: [],
    retryLag: 0,
    oldestConsumedAtMs: null,
    worst: null,
    clients: [client],
    consumeType: 'push',
    messageModel: 'clustering',
    subscriptions: ['orders'],
    reason: null,
    ...values,
  };
}

export function topic(values: Partial<TopicReading> = {}): TopicReading {
  return {
    topic: 'orders',
    kind: 'normal',
    readAtMs: START_MS,
    queues: 4,
    maxOffset: 100,
    size: 100,
    lastStoredAtMs: null,
    reason: null,
    ...values,
  };
}

export function broker(values: Partial<BrokerReading> = {}): BrokerReading {
  return {
    clusterName: 'DefaultCluster',
    brokerName: 'broker-a',
    brokerId: 0,
    addr: '10.0.0.9:10911',
    isAnswering: true,
    reason: null,
    silentSinceMs: null,
    version: '5.3.3',
    inRate: 100,
    outRate: 90,
    diskRatio: 0.41,
    pageCacheMs: 0,
    putP99Ms: 0.8,
    putMaxMs: 12,
    sendWaitMs: 0,
    pullWaitMs: 3,
    logMin: 0,
    logMax: 5 * 2 ** 30,
    oldestMessageAtMs: START_MS - 3_600_000,
    ...values,
  };
}

/** A sample `seconds` after the start; its readings are as old as it is. */
export function sample(seconds: number, values: Partial<Sample> = {}): Sample {
  const atMs = START_MS + seconds * 1000;
  const { groups = [group()], topics = [topic()], brokers = [broker()], ...rest } = values;
  const read = <T extends { readonly readAtMs: number | null }>(row: T): T => ({
    ...row,
    readAtMs: row.readAtMs === null ? null : atMs,
  });
  return {
    atMs,
    tookMs: 12,
    requests: 7,
    deferred: 0,
    namesrvProblem: null,
    problems: [],
    brokers,
    groups: groups.map(read),
    topics: topics.map(read),
    ...rest,
  };
}

export const CLUSTER = { title: 'prod-east', connection: '--context prod-east', refusesWrites: null };

/** A console under test: actions go in, the state, its effects and the screen come out. */
export class TestConsole {
  state: ConsoleState;
  effects: Effect[] = [];

  constructor(options: Partial<ConsoleOptions> = {}) {
    this.state = initialState({
      cluster: CLUSTER,
      size: { columns: 80, rows: 24 },
      nowMs: START_MS,
      isAscii: false,
      ...options,
    });
  }

  send(...actions: Action[]): this {
    for (const action of actions) {
      const step = reduce(this.state, action);
      this.state = step.state;
      this.effects.push(...step.effects);
    }
    return this;
  }

  samples(...samples: Sample[]): this {
    return this.send(...samples.map((each): Action => ({ kind: 'sample', sample: each })));
  }

  /** Keys by name, or text to type. */
  keys(...keys: string[]): this {
    return this.send(...keys.map((key): Action => ({ kind: 'key', key })));
  }

  type(text: string): this {
    return this.keys(...[...text].map((char) => (char === ' ' ? 'space' : char)));
  }

  get screen(): string[] {
    return screenLines(this.state).map(lineText);
  }

  /** The text of the screen as one. */
  get text(): string {
    return this.screen.join('\n');
  }

  /** First words of the rows of the list on the screen. */
  get rows(): string[] {
    return this.screen
      .slice(4, -3)
      .filter((line) => line !== '')
      .map((line) => line.slice(2).split(/\s+/)[0] ?? '');
  }

  /** First word of the selected row. */
  get selected(): string {
    return this.screen.find((line) => line.startsWith('▸') || line.startsWith('>'))?.split(/\s+/)[1] ?? '';
  }
}
