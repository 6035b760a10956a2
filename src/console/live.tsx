import { Box, render, useApp, useInput, useStdout } from 'ink';
import { type ReactNode, useEffect, useState } from 'react';
import type { Clock } from '../base/clock.js';
import type { History } from './state/history.js';
import { Overview } from './views/overview.js';

/** What the live view reads; it redraws when `onChange` is called. */
export interface LiveSource {
  history(): History;
  /** Registers a listener for new samples; returns how to remove it. */
  subscribe(onChange: () => void): () => void;
}

export interface LiveOptions {
  readonly source: LiveSource;
  readonly title: string;
  readonly clock: Clock;
  readonly ascii: boolean;
  /** Ends the view from outside. */
  readonly signal?: AbortSignal;
}

/** Redraws at least this often, so that the age of the data moves. */
const REDRAW_MS = 500;

function Live({ source, title, clock, ascii, signal }: LiveOptions): ReactNode {
  const { exit } = useApp();
  const { stdout } = useStdout();
  const [size, setSize] = useState({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const [view, setView] = useState({ history: source.history(), nowMs: clock.now() });
  useEffect(() => {
    const update = () => setView({ history: source.history(), nowMs: clock.now() });
    const resize = () => setSize({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
    const abort = () => exit();
    const unsubscribe = source.subscribe(update);
    const timer = clock.every(REDRAW_MS, update);
    stdout.on('resize', resize);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) exit();
    return () => {
      unsubscribe();
      timer.cancel();
      stdout.off('resize', resize);
      signal?.removeEventListener('abort', abort);
    };
  }, [source, stdout, clock, exit, signal]);
  useInput((input, key) => {
    if (input === 'q' || (key.ctrl && input === 'c')) exit();
  });
  return (
    // One line short of the screen: a full one makes terminals scroll.
    <Box height={size.rows - 1} flexDirection="column">
      <Overview
        history={view.history}
        nowMs={view.nowMs}
        title={title}
        ascii={ascii}
        columns={size.columns}
        rows={size.rows - 1}
      />
    </Box>
  );
}

const ENTER_ALTERNATE_SCREEN = '\u001B[?1049h\u001B[H';
const LEAVE_ALTERNATE_SCREEN = '\u001B[?1049l';

/**
 * Shows the live view on the alternate screen until `q`, Ctrl-C or the signal; the terminal is then as it was,
 * also after an error inside the view.
 */
export async function showLive(options: LiveOptions, stdout: NodeJS.WriteStream = process.stdout): Promise<void> {
  stdout.write(ENTER_ALTERNATE_SCREEN);
  const restore = () => stdout.write(LEAVE_ALTERNATE_SCREEN);
  process.once('exit', restore);
  try {
    const app = render(<Live {...options} />, { stdout, exitOnCtrlC: false, patchConsole: false });
    await app.waitUntilExit();
  } finally {
    process.removeListener('exit', restore);
    restore();
  }
}
