import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show units of a consume queue as they are stored',
  description: 'With --group each unit is put to the filter of that group, which has to be connected.',
  examples: [
    { description: 'The first ten of queue 0', command: 'mqadmin queue query orders --queue 0' },
    {
      description: 'As a group sees them',
      command: 'mqadmin queue query orders --queue 0 --index 100 --group settlement',
    },
  ],
  args: { topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    queue: flag.integer({ char: 'q', aliases: ['queueId'], description: 'number of the queue', required: true }),
    index: flag.integer({ char: 'i', description: 'index of the first unit', default: 0 }),
    count: flag.integer({ char: 'c', description: 'units', default: 10, min: 1, max: 10_000 }),
    broker: flag.string({
      char: 'b',
      aliases: ['brokerAddr'],
      description: 'address of the broker, host:port; by default the first master of the route',
      helpValue: '<addr>',
    }),
    group: flag.string({ char: 'g', description: 'group whose filter is tried', helpValue: '<group>' }),
  },
  exits: [3],
  async run({ args, flags, connect }) {
    const { consumeQueueUnits } = await import('../../admin/consume-queue.js');
    const found = await consumeQueueUnits(await connect(), {
      topic: args.topic,
      queueId: flags.queue,
      index: flags.index,
      count: flags.count,
      brokerAddr: flags.broker ?? null,
      consumerGroup: flags.group ?? null,
    });
    const { queueData, ...rest } = found;
    const units = queueData.map((unit, i) => ({ index: flags.index + i, ...unit, tagsCode: String(unit.tagsCode) }));
    return {
      view: tableView({
        doc: { ...rest, units },
        rows: units,
        columns: [
          { key: 'index', title: 'INDEX', value: ({ index }) => index },
          { key: 'physicalOffset', title: 'PHYSICAL OFFSET', value: ({ physicOffset }) => physicOffset },
          { key: 'bytes', title: 'BYTES', value: ({ physicSize }) => physicSize },
          { key: 'tagsCode', title: 'TAGS CODE', value: ({ tagsCode }) => tagsCode, align: 'right' },
          // Without a group the broker tries no filter.
          { key: 'taken', title: 'TAKEN', value: (unit) => (flags.group === undefined ? null : unit.eval) },
          { key: 'message', title: 'MESSAGE', value: ({ msg }) => msg ?? null, cut: true, wide: true },
        ],
        name: ({ index }) => String(index),
        footer: [`the queue holds ${found.minQueueIndex} to ${found.maxQueueIndex}`],
        empty: `no units from ${flags.index} on: the queue holds ${found.minQueueIndex} to ${found.maxQueueIndex}`,
      }),
    };
  },
});
