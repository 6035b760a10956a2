import type { GroupReport } from '../../admin/group-monitor.js';
import { sleep } from '../../base/clock.js';
import type { ApacheCommand } from './command.js';
import { troubleText } from './group-look.js';

/** Apache's tool begins after 20 s, and looks every 60 s. Source: tools/monitor/MonitorConfig.java */
const EVERY_MS = 60_000;

/**
 * Reports on stderr, where Apache's command writes them to its log; stdout stays empty. Begins at once.
 *
 * Source: tools/command/consumer/StartMonitoringSubCommand.java, tools/monitor/MonitorService.java
 */
const startMonitoring: ApacheCommand = {
  name: 'startMonitoring',
  options: [],
  async run(context) {
    const [{ monitorGroups }, { failureOf }] = await Promise.all([
      import('../../admin/group-monitor.js'),
      import('../../admin/failure.js'),
    ]);
    const session = await context.connect();
    for (let round = 1; ; round += 1) {
      try {
        for (const report of (await monitorGroups(session)).groups) {
          for (const line of findings(report)) await context.complain(line);
        }
      } catch (error) {
        context.io.signal.throwIfAborted();
        // Who watches for hours is not sent home by a name server that restarts.
        if (round === 1) throw error;
        await context.complain(`${failureOf(error).message}; tried again in ${EVERY_MS / 1000} s`);
      }
      await sleep(EVERY_MS, context.io.signal);
    }
  },
};

/** A line for each finding about a group. */
function findings({ consumerGroup, lag, isSameSubscription, troubles, reason }: GroupReport): string[] {
  return [
    ...(lag !== null && lag > 0 ? [`${consumerGroup}: ${lag} messages behind`] : []),
    ...(isSameSubscription === false ? [`${consumerGroup}: different subscription in the same group of consumer`] : []),
    ...troubles.map((trouble) => `${consumerGroup}: ${troubleText(trouble)}`),
    ...(reason === null ? [] : [`${consumerGroup}: ${reason}`]),
  ];
}

export const commands: readonly ApacheCommand[] = [startMonitoring];
