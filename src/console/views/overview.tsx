import { Box, Text } from 'ink';
import { createElement, Fragment, type ReactNode } from 'react';
import { formatDuration } from '../../cli/render/units.js';
import { groupRows, type History, latest, topicRows } from '../state/history.js';
import { groupLines, type LayoutOptions, type Line, type Tone, topicLines } from './layout.js';

export interface OverviewProps extends LayoutOptions {
  readonly history: History;
  /** Shown at the left of the header: which cluster this is. */
  readonly title: string;
  /** Wall time in ms, to tell the age of the data. */
  readonly nowMs: number;
  /** Lines of the terminal; the tables are cut to fit. */
  readonly rows: number;
}

const COLOR: Record<Tone, { color?: string; dimColor?: boolean; bold?: boolean }> = {
  plain: {},
  dim: { dimColor: true },
  good: { color: 'green' },
  warn: { color: 'yellow' },
  bad: { color: 'red', bold: true },
  title: { bold: true },
};

/** Ink draws nothing for an empty text. */
const BLANK: Line = [{ text: ' ', tone: 'plain' }];

function TextLine({ line }: { line: Line }): ReactNode {
  // Children are passed one by one: spans and lines have no identity but their place.
  return createElement(
    Text,
    { wrap: 'truncate' },
    ...line.map((span) => createElement(Text, COLOR[span.tone], span.text)),
  );
}

function Lines({ lines }: { lines: readonly Line[] }): ReactNode {
  return createElement(Fragment, null, ...lines.map((line) => createElement(TextLine, { line })));
}

/** Groups above, topics below, and the worst thing in words: one screen, at most `rows` lines. */
export function Overview(props: OverviewProps): ReactNode {
  const { history, title, nowMs, columns, rows, ascii } = props;
  const sample = latest(history);
  if (sample === null) return <Text wrap="truncate"> {title}: waiting for the first answer</Text>;
  const groups = groupRows(history);
  const topics = topicRows(history);
  const rule: Line = [{ text: (ascii ? '-' : '─').repeat(Math.max(0, columns)), tone: 'dim' }];
  const header: Line = [
    { text: ` ${title}`, tone: 'title' },
    {
      text: `  ${sample.brokersAnswered} of ${sample.brokersTotal} brokers  age ${formatDuration(Math.max(0, nowMs - sample.atMs))}`,
      tone: sample.brokersAnswered < sample.brokersTotal ? 'warn' : 'plain',
    },
  ];
  const worst = groups.find((row) => row.state !== 'ok') ?? groups[0];
  const words: Line = [
    { text: ` ${sample.problems[0] ?? worst?.words ?? ''}`, tone: worst?.state === 'stuck' ? 'bad' : 'plain' },
  ];
  const footer: Line = [{ text: ' q quit', tone: 'dim' }];
  // Header, two rules, words, footer, a blank line, and the head of each table.
  const room = Math.max(2, rows - 8);
  const shownGroups = groups.slice(0, Math.max(1, Math.min(groups.length, room - Math.min(topics.length, 4))));
  const shownTopics = topics.slice(0, Math.max(1, room - shownGroups.length));
  return (
    <Box flexDirection="column">
      <Lines
        lines={[
          header,
          rule,
          ...groupLines(shownGroups, props),
          BLANK,
          ...topicLines(shownTopics, props),
          rule,
          words,
          footer,
        ]}
      />
    </Box>
  );
}
