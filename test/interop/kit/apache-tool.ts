/** Apache's mqadmin, and ours, as one call a command line. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../../src/base/clock.js';
import { errorText } from '../../../src/base/errors.js';
import { type ApacheVersion, adminDriverClassPath } from './artifacts.js';
import type { Child, Playground } from './children.js';

const BIN = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));
/** A command that takes longer hangs. */
const LIMIT_MS = 90_000;

/** What came of one command line. */
export interface ToolRun {
  readonly stdout: string;
  readonly stderr: string;
  /** Of Apache's tool: 0, unless the command ended its process. */
  readonly exitCode: number | string;
}

interface Answer {
  readonly exits: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Apache's tool in a JVM that lives on (AdminDriver.java). One command at a time. */
export class ApacheTool {
  readonly #playground: Playground;
  readonly #version: ApacheVersion;
  readonly #clock: Clock;
  #child: Child | null = null;
  #onAnswer: (answer: Answer) => void = () => {};

  constructor(playground: Playground, version: ApacheVersion, clock: Clock) {
    this.#playground = playground;
    this.#version = version;
    this.#clock = clock;
  }

  /** @throws Error when it takes too long, or the JVM ends without an answer */
  async run(words: readonly string[]): Promise<ToolRun> {
    if (this.#child === null || this.#child.hasEnded) this.#child = await this.#start();
    const child = this.#child;
    const answer = new Promise<Answer>((resolve) => {
      this.#onAnswer = resolve;
    });
    child.say(words.map((word) => Buffer.from(word).toString('base64')).join(' '));
    const limit = this.#clock.after(LIMIT_MS, () => child.killNow());
    // Its end is seen after its last line.
    const answered = await Promise.race([answer, child.ended]);
    limit.cancel();
    if (typeof answered !== 'object') {
      throw new Error(`mqadmin ${words.join(' ')}: no answer, the JVM ended (${answered}): ${child.tail()}`);
    }
    const { stdout, stderr } = answered;
    return { stdout, stderr, exitCode: answered.exits ? await child.ended : 0 };
  }

  async stop(): Promise<void> {
    await this.#child?.kill();
  }

  async #start(): Promise<Child> {
    const home = await this.#playground.newFolder('mqadmin');
    // 4.9 does not start without it, and 5.x tells on stdout what it has set up.
    await mkdir(join(home, 'conf'));
    const logging = join(home, 'conf/logback_tools.xml');
    await writeFile(logging, '<configuration/>\n');
    const flags = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Duser.home=${home}`];
    flags.push(`-Djava.io.tmpdir=${home}`);
    flags.push(`-Drmq.logback.configurationFile=${logging}`);
    const classPath = await adminDriverClassPath(this.#playground, this.#version);
    const onLine = (line: string) => {
      const [how, stdout = '', stderr = ''] = line.split(' ');
      if (how !== 'done' && how !== 'exit') return;
      this.#onAnswer({ exits: how === 'exit', stdout: decode(stdout), stderr: decode(stderr) });
    };
    return this.#playground.spawn(
      `mqadmin ${this.#version}`,
      'java',
      [...flags, '-cp', classPath, 'mqadmin.interop.AdminDriver'],
      { cwd: home, env: { ROCKETMQ_HOME: home }, onLine, takesInput: true },
    );
  }
}

const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

/**
 * Our tool, a process a command.
 *
 * @param cwd where commands that write files write them
 * @throws Error when it takes too long
 */
export function runOurTool(words: readonly string[], cwd: string): Promise<ToolRun> {
  return new Promise((resolve, reject) => {
    const limits = { timeout: LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 } as const;
    const env = { ...process.env, TMPDIR: cwd };
    execFile(process.execPath, [BIN, ...words], { ...limits, cwd, env }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code;
      if (typeof exitCode === 'number') resolve({ stdout, stderr, exitCode });
      else reject(new Error(`our mqadmin ${words.join(' ')}: ${errorText(error)}`));
    });
  });
}
