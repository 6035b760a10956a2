import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { tableView } from '../../cli/render/view.js';
import { UsageError } from '../../cli/usage-error.js';
import type { BrokerFault, ControlAnswer, ControlRequest, FaultKind } from '../../runtime/index.js';

const KINDS = ['slow', 'busy', 'disk-full', 'drop-ack', 'hang', 'disconnect'] as const satisfies readonly FaultKind[];
const ACTIONS = [...KINDS, 'kill', 'restart', 'list', 'clear'] as const;
type Action = (typeof ACTIONS)[number];

/** What a sandbox says, with what it was asked. */
interface FaultDoc extends ControlAnswer {
  readonly action: Action;
}

export default defineCommand({
  summary: 'make the brokers of a sandbox fail on purpose',
  description:
    'For use by what runs inside "mqadmin sandbox", which finds it in MQADMIN_SANDBOX. slow handles requests later; ' +
    'busy answers SYSTEM_BUSY and disk-full SERVICE_NOT_AVAILABLE; drop-ack handles them and does not answer; hang ' +
    'does neither; disconnect closes the connection. They hit sends, but slow, hang and disconnect all requests, ' +
    'unless --on says otherwise, and last until --count or --for is over or clear ends them. kill ends a broker as ' +
    'kill -9 would, restart starts it again on its port and store.',
  examples: [
    {
      description: 'The next two sends of orders meet a busy broker',
      command: 'mqadmin sandbox fault busy --count 2 --topic orders',
    },
    { description: 'Stored, but never acknowledged', command: 'mqadmin sandbox fault drop-ack --on send --for 5s' },
    { description: 'A crash, and recovery', command: 'mqadmin sandbox fault kill --broker broker-a' },
    { description: 'What is in force', command: 'mqadmin sandbox fault list' },
    { description: 'All well again', command: 'mqadmin sandbox fault clear' },
  ],
  args: { kind: arg.required('the fault, or what to do', { options: ACTIONS }) },
  flags: {
    broker: flag.string({ char: 'b', description: 'only this broker, by name (default all)', helpValue: '<name>' }),
    on: flag.oneOf(['send', 'retry', 'transaction', 'pull', 'commit', 'heartbeat', 'all'], {
      description: 'which requests it hits',
      helpValue: '<requests>',
    }),
    topic: flag.string({ char: 't', description: 'only requests that name this topic', helpValue: '<topic>' }),
    delay: flag.duration({ description: 'of slow: how much later (default 3s)', helpValue: '<time>' }),
    count: flag.integer({ description: 'ends after so many requests', min: 1 }),
    for: flag.duration({ description: 'ends after this time', helpValue: '<time>' }),
    percent: flag.integer({ description: 'hits so many of a hundred requests', min: 1, max: 100 }),
    of: flag.oneOf(KINDS, { description: 'of clear: only faults of this kind', helpValue: '<kind>' }),
  },
  isOffline: true,
  exits: [3],
  async run({ args, flags, io }) {
    const path = io.env.MQADMIN_SANDBOX ?? '';
    if (path === '') {
      throw new UsageError('MQADMIN_SANDBOX is not set: this is no sandbox', {
        hint: 'mqadmin sandbox -- COMMAND sets it for the command',
      });
    }
    const action = args.kind as Action;
    const { askSandbox } = await import('../../runtime/index.js');
    const doc: FaultDoc = { action, ...(await askSandbox(path, requestOf(action, flags))) };
    return {
      view: faultView(doc),
      ...(action === 'clear' ? { notes: [`${doc.cleared} ended`] } : {}),
    };
  },
});

interface Given {
  readonly broker: string | undefined;
  readonly on: 'send' | 'retry' | 'transaction' | 'pull' | 'commit' | 'heartbeat' | 'all' | undefined;
  readonly topic: string | undefined;
  readonly delay: number | undefined;
  readonly count: number | undefined;
  readonly for: number | undefined;
  readonly percent: number | undefined;
  readonly of: FaultKind | undefined;
}

function requestOf(action: Action, flags: Given): ControlRequest {
  const { broker } = flags;
  const brokerName = broker === undefined ? {} : { brokerName: broker };
  switch (action) {
    case 'list':
      return { op: 'list' };
    case 'clear':
      return { op: 'clear', selection: { ...brokerName, ...(flags.of === undefined ? {} : { kind: flags.of }) } };
    case 'kill':
    case 'restart':
      if (broker === undefined) throw new UsageError(`${action}: which broker?`, { hint: '--broker broker-a' });
      return { op: action, brokerName: broker };
    default:
      if (flags.delay !== undefined && action !== 'slow') throw new UsageError('--delay belongs to slow');
      return {
        op: 'add',
        fault: {
          kind: action,
          ...brokerName,
          ...(flags.on === undefined ? {} : { on: flags.on }),
          ...(flags.topic === undefined ? {} : { topic: flags.topic }),
          ...(flags.delay === undefined ? {} : { delayMs: flags.delay }),
          ...(flags.count === undefined ? {} : { count: flags.count }),
          ...(flags.for === undefined ? {} : { forMs: flags.for }),
          ...(flags.percent === undefined ? {} : { rate: flags.percent / 100 }),
        },
      };
  }
}

function faultView(doc: FaultDoc) {
  return tableView<BrokerFault, FaultDoc>({
    doc,
    rows: doc.faults,
    columns: [
      { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName },
      { key: 'id', title: 'ID', value: ({ id }) => id },
      { key: 'kind', title: 'FAULT', value: ({ kind }) => kind },
      { key: 'on', title: 'ON', value: ({ on }) => on },
      { key: 'topic', title: 'TOPIC', value: ({ topic }) => topic, cut: true },
      { key: 'delayMs', title: 'DELAY MS', value: ({ delayMs }) => delayMs },
      { key: 'rate', title: 'RATE', value: ({ rate }) => rate, wide: true },
      { key: 'left', title: 'LEFT', value: ({ left }) => left },
      { key: 'hits', title: 'HITS', value: ({ hits }) => hits },
    ],
    name: ({ brokerName, id }) => `${brokerName}/${id}`,
    empty: 'no fault is in force',
  });
}
