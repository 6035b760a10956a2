import { wrap } from './body.js';
import type { ConsoleState } from './console-state.js';
import type { Place } from './places.js';
import { detailOf } from './selectors.js';

/** What the keys do. */
const HELP: readonly (readonly [keys: string, what: string])[] = [
  ['g 1', 'groups: state, lag in messages and time, rates, time to drain'],
  ['2', 'topics: messages waiting (DEPTH) and stored (SIZE), rates, retries, dead letters'],
  ['b 3', 'brokers: role, rates, put latency, page cache, disk, waits of send/pull, commit log'],
  ['c 4', 'clients: group, language, version, queues, subscriptions'],
  ['p 5', 'pulse: the whole cluster on one screen'],
  ['', ''],
  ['up down j k', 'choose a row; page up, page down, home, end too'],
  ['enter', 'go into the row: group, queues, client, messages waiting, message'],
  ['esc', 'one level up; never quits'],
  ['-', 'the view before, and back'],
  [':', 'go to a view, group, topic or context; tab completes'],
  ['/ /!', 'show rows with a text, lag>100 or state=stuck; /! shows all others'],
  ['s S', 'sort by the next column; the other way round'],
  ['space', 'stand still, and go on'],
  ['[ ]', 'back and forth in the last hour'],
  ['a', 'show retry and system topics too'],
  ['', ''],
  ['t', 'tail the topic of the row: new messages as they come'],
  ['m', 'messages of the queue: those waiting for the group, or the newest'],
  ['f', 'body of a message as text, JSON, hex'],
  ['e', 'explain the group: why it lags, and what to do'],
  ['y', 'the command line that shows the same, also to the clipboard'],
  ['ctrl-s', 'write the view to a file'],
  ['', ''],
  ['R', 'reset offsets of the group: asks where to, shows the plan, wants the name'],
  ['K', 'let the group skip all that waits'],
  ['X', 'send the message again'],
  ['P', 'set the permission of the topic'],
  ['q ctrl-c', 'quit'],
];

/** The lines of a place that is a page of text. */
export function pageLines(state: ConsoleState, place: Place): readonly string[] {
  const width = Math.max(20, state.size.columns - 2);
  if (place.view === 'help') {
    return HELP.flatMap(([keys, what]) => wrap(`${keys.padEnd(13)}${what}`.trimEnd(), width));
  }
  if (place.view !== 'explain') return [];
  const data = detailOf(state, place)?.data;
  if (data?.kind !== 'explain') return [];
  const { verdict, findings, silent, next } = data.explanation;
  return [
    ...wrap(verdict, width),
    '',
    ...findings.flatMap(({ title, evidence }) => [
      ...wrap(title, width),
      ...evidence.flatMap((line) => wrap(`  - ${line}`, width)),
    ]),
    ...silent.flatMap((line) => wrap(line, width)),
    ...(next.length === 0 ? [] : ['', 'next:']),
    ...next.flatMap((line) => wrap(`  ${line}`, width)),
  ];
}
