import { setMaxListeners } from 'node:events';
import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import { systemClock, systemRandom } from '../base/clock.js';
import { type CliIo, Interrupt, type OutStream } from './io.js';

const INTERRUPTS = ['SIGINT', 'SIGTERM'] as const;

/**
 * The real process as a command's world. Also takes over interrupts: the first one aborts `signal`, a second one
 * ends the process at once with 130.
 */
export function processIo(): CliIo {
  const stop = new AbortController();
  // Every call under way listens to it: many at a time are no leak.
  setMaxListeners(0, stop.signal);
  let interrupts = 0;
  const onInterrupt = (): void => {
    interrupts += 1;
    if (interrupts > 1) process.exit(130);
    stop.abort(new Interrupt('interrupted'));
  };
  for (const name of INTERRUPTS) process.on(name, onInterrupt);
  return {
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    stdout: outStream(
      () => process.stdout,
      1,
      () => stop.abort(new Interrupt('output-closed')),
    ),
    // A closed stderr is no reason to stop.
    stderr: outStream(
      () => process.stderr,
      2,
      () => {},
    ),
    stdin: {
      isTTY: isatty(0),
      async readAll() {
        const chunks: Buffer[] = [];
        for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
        return Buffer.concat(chunks);
      },
      async readLine(question) {
        const { createInterface } = await import('node:readline/promises');
        const reader = createInterface({ input: process.stdin, output: process.stderr });
        try {
          const ended = new Promise<null>((resolve) => reader.once('close', () => resolve(null)));
          return await Promise.race([reader.question(question, { signal: stop.signal }), ended]);
        } finally {
          reader.close();
        }
      },
    },
    clock: systemClock,
    random: systemRandom,
    signal: stop.signal,
    handOverSignals() {
      for (const name of INTERRUPTS) process.off(name, onInterrupt);
    },
  };
}

/**
 * Writes to a stream of the process, which is made on first use: making one takes a millisecond or two.
 *
 * @param onClosed told when the reader has gone away (EPIPE)
 */
function outStream(get: () => NodeJS.WriteStream, fd: number, onClosed: () => void): OutStream {
  let stream: NodeJS.WriteStream | null = null;
  let isOpen = true;
  const open = (): NodeJS.WriteStream => {
    if (stream !== null) return stream;
    stream = get();
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
      isOpen = false;
      onClosed();
    });
    return stream;
  };
  return {
    isTTY: isatty(fd),
    get columns() {
      return open().columns ?? null;
    },
    write: (text) =>
      new Promise((resolve) => {
        if (isOpen) open().write(text, () => resolve());
        else resolve();
      }),
  };
}
