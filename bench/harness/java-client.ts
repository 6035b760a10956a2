/** Apache's Java client as a load, one warm JVM for all brokers. (bench/java/.../BenchClient.java) */
import { sleep } from '../../src/base/clock.js';
import type { Child, Playground } from '../../test/interop/kit/children.js';

/** Form of request headers; Apache's own benchmark classes set ROCKETMQ, its clients otherwise send JSON. */
export type HeaderForm = 'JSON' | 'ROCKETMQ';

export interface JavaLoadResult {
  /** Counted. */
  readonly messages: number;
  /** The warm-up's, too. */
  readonly total: number;
  readonly perSecond: number;
  /** What was sent meanwhile, for `both`. */
  readonly sentPerSecond: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

export class JavaClient {
  readonly #child: Child;
  #answered: (line: string) => void = () => {};

  constructor(playground: Playground, classPath: string, header: HeaderForm) {
    const flags = ['-server', '-Xms768m', '-Xmx768m', `-Drocketmq.serialize.type=${header}`];
    this.#child = playground.spawn('Java client', 'java', [...flags, '-cp', classPath, 'mqadmin.bench.BenchClient'], {
      cwd: playground.folder,
      env: { HOME: playground.folder },
      takesInput: true,
      onLine: (line) => {
        if (line.startsWith('{')) this.#answered(line);
      },
    });
  }

  /**
   * Runs one command.
   *
   * @param knobs as BenchClient.java reads them
   * @throws Error when it failed, or when sends did
   */
  async run(
    command: 'produce' | 'consume' | 'both',
    knobs: Readonly<Record<string, string | number>>,
  ): Promise<JavaLoadResult> {
    const answer = new Promise<string>((resolve) => {
      this.#answered = resolve;
    });
    const words = Object.entries(knobs).map(([name, value]) => `${name}=${value}`);
    this.#child.say([command, ...words].join(' '));
    const line = await Promise.race([answer, this.#child.ended.then((how) => `{"error":"the client ended: ${how}"}`)]);
    const result = JSON.parse(line) as JavaLoadResult & { error?: string };
    if (result.error !== undefined) throw new Error(`${command}: ${result.error}\n${this.#child.tail()}`);
    if (result.errors > 0) throw new Error(`${command}: ${result.errors} sends failed\n${this.#child.tail()}`);
    // What the brokers still do for the last sends is nobody's else.
    await sleep(100);
    return result;
  }

  kill(): Promise<void> {
    return this.#child.kill();
  }
}
