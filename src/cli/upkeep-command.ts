import type { UpkeepTask } from '../admin/broker-upkeep.js';
import { counted } from '../base/units.js';
import { defineCommand } from './command.js';
import { doneOutcome } from './done-view.js';
import { flag } from './flags.js';

interface Upkeep {
  readonly task: UpkeepTask;
  readonly summary: string;
  readonly description: string;
  /** `delete unused topics`, as a question. */
  readonly what: string;
  /** The command's words after `mqadmin`. */
  readonly id: string;
}

/** A command that has brokers clean up. */
export function upkeepCommand({ task, summary, description, what, id }: Upkeep) {
  return defineCommand({
    summary,
    description: `${description} Without --broker or --cluster all brokers of all clusters are told, slaves too.`,
    examples: [
      { description: 'One broker', command: `mqadmin ${id} -b 127.0.0.1:10911 --yes` },
      { description: 'A cluster, asking first', command: `mqadmin ${id} -c DefaultCluster` },
    ],
    flags: {
      cluster: flag.string({
        char: 'c',
        aliases: ['clusterName'],
        description: 'all brokers of this cluster',
        helpValue: '<name>',
        exclusive: ['broker'],
      }),
      broker: flag.string({
        char: 'b',
        aliases: ['brokerAddr'],
        description: 'address of one broker, host:port',
        helpValue: '<addr>',
      }),
    },
    writes: true,
    exits: [3, 4, 7],
    async run({ flags, connect, confirm }) {
      const { cleanUp, upkeepTargets } = await import('../admin/broker-upkeep.js');
      const session = await connect();
      const target = { brokerAddr: flags.broker, clusterName: flags.cluster };
      const brokers = await upkeepTargets(session, target);
      const names = brokers.map(({ brokerName, addr }) => `  ${brokerName === null ? '' : `${brokerName} `}${addr}`);
      await confirm({ what: `${what} on ${counted(brokers.length, 'broker')}`, details: names.join('\n') });
      const result = await cleanUp(session, task, target);
      return doneOutcome(result);
    },
  });
}
