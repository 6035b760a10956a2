/** Apache's Java clients against our name server and broker. */
import { systemClock } from '../../../src/base/clock.js';
import { type ApacheVersion, VERSIONS } from '../kit/artifacts.js';
import type { Playground } from '../kit/children.js';
import { runJavaScenarios } from '../kit/java-scenarios.js';
import type { Report } from '../kit/report.js';
import { BROKER_SETTINGS, type Servers } from '../kit/servers.js';

/** Scenarios of ClientScenarios.java, as it orders them. */
const SCENARIOS = [
  ...['push-orderly', 'push-retry', 'dead-letter', 'offset-reset', 'transaction-check', 'delay-level', 'timer'],
  ...['send-sync', 'send-async', 'send-oneway', 'send-batch', 'send-large-compressed'],
  ...['push-concurrently', 'push-tag-filter', 'push-sql-filter', 'push-broadcast', 'push-rebalance'],
  ...['lite-pull', 'lite-pull-seek', 'query-by-key', 'transaction', 'request-reply', 'trace'],
] as const;

/** What 4.9 does not know. */
const SCENARIOS_OF_5 = ['pop-retry'] as const;

/** One of ours serves both versions, one after the other. */
export async function javaClients(
  servers: Servers,
  playground: Playground,
  classPathOf: (version: ApacheVersion) => Promise<string>,
  report: Report,
): Promise<void> {
  const { enablePropertyFilter, transactionCheckInterval, transactionTimeOut } = BROKER_SETTINGS;
  const settings = {
    recallMessageEnable: 'true',
    enablePropertyFilter,
    transactionCheckInterval,
    transactionTimeOut,
  } as Record<string, string>;
  const { addr, child } = await servers.up(settings);
  for (const version of VERSIONS) {
    report.heading(`Java client ${version} to ours`);
    const classPath = await classPathOf(version);
    await runJavaScenarios(playground, report, {
      classPath,
      namesrvAddr: addr,
      scenarios: version.startsWith('4.') ? SCENARIOS : [...SCENARIOS_OF_5, ...SCENARIOS],
      titleOf: (scenario) => `Java ${version} to ours: ${scenario}`,
      clock: systemClock,
    });
  }
  await child.stop();
}
