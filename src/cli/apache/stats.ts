import { type ApacheCommand, unknownExit } from './command.js';
import { front, left, right } from './java-text.js';
import { optional, toggle } from './option.js';

/** Source: tools/command/stats/StatsAllSubCommand.java */
const statsAll: ApacheCommand = {
  name: 'statsAll',
  options: [
    toggle('a', 'activeTopic', 'hide topics without traffic in 24 hours'),
    optional('t', 'topic', 'only this topic'),
  ],
  async run(context) {
    const { flags } = context;
    const { topicTraffic } = await import('../../admin/topic-traffic.js');
    const result = await topicTraffic(await context.connect(), { topic: flags.value('t') });
    const row = (topic: string, group: string, numbers: ReadonlyArray<string | number>) => {
      const widths = [12, 11, 11, 14, 14];
      const cells = numbers.map((cell, i) => right(cell, widths[i] as number)).join(' ');
      return context.line(`${left(front(topic, 64), 64)}  ${left(front(group, 64), 64)} ${cells}`);
    };
    const tps = (value: number | null) => (value ?? 0).toFixed(2);
    await row('#Topic', '#Consumer Group', ['#Accumulation', '#InTPS', '#OutTPS', '#InMsg24Hour', '#OutMsg24Hour']);
    for (const { topic, consumerGroup, lag, inTps, outTps, in24h, out24h } of result.topics) {
      if (flags.has('a') && !(in24h || out24h)) continue;
      const out = consumerGroup === null ? '' : tps(outTps);
      const total = consumerGroup === null ? 'NO_CONSUMER' : (out24h ?? 0);
      await row(topic, consumerGroup ?? '', [lag ?? 0, tps(inTps), out, in24h ?? 0, total]);
    }
    const items = result.topics.map(({ topic, reason }) => ({ name: topic, reason }));
    return unknownExit(context, result, items);
  },
};

export const commands: readonly ApacheCommand[] = [statsAll];
