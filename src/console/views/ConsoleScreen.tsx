import { Box, Text, useInput } from 'ink';
import { createElement, type ReactNode, useEffect, useState } from 'react';
import type { ConsoleStore } from '../store.js';
import type { Line, Tone } from '../tables/line.js';
import { keyNames } from '../terminal/key-name.js';
import { screenLines } from './screen.js';

const STYLE: Record<Tone, { color?: string; dimColor?: boolean; bold?: boolean; inverse?: boolean }> = {
  plain: {},
  dim: { dimColor: true },
  good: { color: 'green' },
  warn: { color: 'yellow' },
  bad: { color: 'red', bold: true },
  title: { bold: true },
  selected: { bold: true, color: 'cyan' },
};

/** Ink draws nothing for an empty text. */
const BLANK: Line = [{ text: ' ', tone: 'plain' }];

function TextLine({ line, isColor }: { line: Line; isColor: boolean }): ReactNode {
  // Children are passed one by one: spans and lines have no identity but their place.
  return createElement(
    Text,
    { wrap: 'truncate' },
    ...(line.length === 0 ? BLANK : line).map((span) =>
      createElement(Text, isColor ? STYLE[span.tone] : {}, span.text),
    ),
  );
}

/** The console: draws the store's state and gives it the keys. Actions of one turn are drawn once. */
export function ConsoleScreen({
  store,
  isColor,
  onKey = null,
}: {
  store: ConsoleStore;
  isColor: boolean;
  /** Told after keys were handled. */
  onKey?: (() => void) | null;
}): ReactNode {
  const [state, setState] = useState(store.state);
  useEffect(() => {
    let isPending = false;
    return store.subscribe(() => {
      if (isPending) return;
      isPending = true;
      setImmediate(() => {
        isPending = false;
        setState(store.state);
      });
    });
  }, [store]);
  useInput((input, key) => {
    for (const name of keyNames(input, key)) store.dispatch({ kind: 'key', key: name });
    onKey?.();
  });
  const lines = screenLines(state);
  return createElement(
    Box,
    { flexDirection: 'column', width: state.size.columns, height: state.size.rows },
    ...lines.map((line) => createElement(TextLine, { line, isColor })),
  );
}
