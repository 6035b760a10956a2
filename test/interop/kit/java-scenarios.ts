import type { Clock } from '../../../src/base/clock.js';
import type { Playground } from './children.js';
import type { Report } from './report.js';

/** A run that takes longer hangs. */
const LIMIT_MS = 240_000;

export interface JavaRun {
  readonly classPath: string;
  readonly namesrvAddr: string;
  readonly scenarios: readonly string[];
  /** System properties. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Name of the test of a scenario. */
  readonly titleOf: (scenario: string) => string;
  readonly clock: Clock;
}

/** Runs scenarios of ClientScenarios.java in one JVM, each a test of the report. */
export async function runJavaScenarios(playground: Playground, report: Report, run: JavaRun): Promise<void> {
  const waiting = new Set(run.scenarios);
  const onLine = (line: string) => {
    const [, verdict, name, rest] = /^(ok|not ok) (\S+) (.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined || !waiting.delete(name)) return;
    if (verdict === 'ok') report.passed(run.titleOf(name), Number(rest));
    else report.failedBecause(run.titleOf(name), rest);
  };
  const home = await playground.newFolder('java-client');
  const properties = Object.entries(run.properties ?? {}).map(([name, value]) => `-D${name}=${value}`);
  const child = playground.spawn(
    'Java client',
    'java',
    [
      ...['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Duser.home=${home}`],
      ...['-Drocketmq.client.logUseSlf4j=true', ...properties, '-cp', run.classPath],
      ...['mqadmin.interop.ClientScenarios', run.namesrvAddr, ...run.scenarios],
    ],
    { cwd: home, onLine },
  );
  const limit = run.clock.after(LIMIT_MS, () => child.killNow());
  const how = await child.ended;
  limit.cancel();
  for (const name of waiting) report.failedBecause(run.titleOf(name), `no verdict, the JVM ended (${how})`);
}
