import { render } from 'ink';
import type { Clock } from '../base/clock.js';
import { Console, type ConsoleHost } from './console.js';
import { FullScreen } from './terminal/screen.js';
import { ConsoleScreen } from './views/ConsoleScreen.js';
import { type Spoken, spokenChanges, spokenState } from './views/spoken.js';

export interface ShowOptions {
  readonly host: ConsoleHost;
  readonly clock: Clock;
  readonly isColor: boolean;
  /** Says what changes in sentences, line by line, instead of drawing a screen. */
  readonly isScreenReader: boolean;
  /** Ends the console from outside. */
  readonly signal: AbortSignal;
}

/** A stopped process goes on here after so long at the latest, ms. */
const RESUME_MS = 50;

/**
 * Shows the console until `q`, Ctrl-C or the signal. The terminal is then as it was: also after an error, at the end
 * of the process, and while the process is stopped by Ctrl-Z.
 */
export async function showConsole(options: ShowOptions): Promise<void> {
  const { host, clock, isScreenReader, signal } = options;
  const { stdin, stdout } = process;
  const screen = new FullScreen(stdout);
  let quit = (): void => {};
  const console = new Console(host, {
    columns: screen.columns,
    rows: screen.rows,
    quit: () => quit(),
    suspend: () => suspend(),
    redraw: () => screen.redraw(),
    // OSC 52: the terminal puts it into the clipboard, if it may.
    copy: (text) => screen.send(`\u001B]52;c;${Buffer.from(text).toString('base64')}\u0007`),
  });
  const enter = (): void => {
    if (!isScreenReader) screen.enter();
  };
  const restore = (): void => screen.leave();
  const suspend = (): void => {
    process.removeListener('SIGTSTP', suspend);
    screen.leave();
    stdin.setRawMode(false);
    // To the whole group, as the terminal itself would: whoever started us is stopped too.
    process.kill(0, 'SIGTSTP');
    clock.after(RESUME_MS, resume);
  };
  const resume = (): void => {
    process.removeListener('SIGTSTP', suspend);
    process.on('SIGTSTP', suspend);
    stdin.setRawMode(true);
    enter();
    resize();
    screen.redraw();
  };
  const resize = (): void => {
    console.store.dispatch({ kind: 'resize', columns: screen.columns, rows: screen.rows });
    screen.redraw();
  };
  let spoken: Spoken | null = null;
  const speak = (isByKey: boolean): void => {
    const next = spokenState(console.store.state);
    const lines = spokenChanges(spoken, next, isByKey);
    spoken =
      isByKey || spoken === null ? next : { ...spoken, view: next.view, brokers: next.brokers, states: next.states };
    for (const line of lines) stdout.write(`${line}\n`);
  };
  process.once('exit', restore);
  process.on('uncaughtExceptionMonitor', restore);
  process.on('SIGTSTP', suspend);
  stdout.on('resize', resize);
  try {
    enter();
    const app = render(
      <ConsoleScreen
        store={console.store}
        isColor={options.isColor}
        onKey={isScreenReader ? () => speak(true) : null}
      />,
      {
        stdin,
        // Ink writes whole frames in this mode, and the screen finds out what differs.
        debug: true,
        stdout: screen as unknown as NodeJS.WriteStream,
        exitOnCtrlC: false,
        patchConsole: false,
      },
    );
    quit = () => app.unmount();
    const unsubscribe = isScreenReader ? console.store.subscribe(() => speak(false)) : () => {};
    signal.addEventListener('abort', quit, { once: true });
    if (signal.aborted) quit();
    console.start();
    try {
      await app.waitUntilExit();
    } finally {
      unsubscribe();
      signal.removeEventListener('abort', quit);
    }
  } finally {
    restore();
    process.removeListener('exit', restore);
    process.removeListener('uncaughtExceptionMonitor', restore);
    process.removeListener('SIGTSTP', suspend);
    stdout.off('resize', resize);
    await console.stop();
  }
}
