/** What two runs of a command may differ in, one rule each; all else is compared to the letter. */

interface Rule {
  /** For the table: what is passed over, and why. */
  readonly text: string;
  readonly apply: (output: string) => string;
}

const replace =
  (pattern: RegExp, by: string): Rule['apply'] =>
  (output) =>
    output.replaceAll(pattern, by);

/** Rules of every line, in order. */
const EVERYWHERE: readonly Rule[] = [
  {
    text: 'points in time: `<time>`, and 13 digits of milliseconds `<ms>`',
    apply: (output) =>
      output
        .replaceAll(/\b20\d\d-\d\d-\d\d[ #T]\d\d:\d\d:\d\d(?:[,:.]\d{3})?/g, '<time>')
        .replaceAll(/\b1[5-9]\d{11}\b/g, '<ms>'),
  },
  {
    text: 'ports that clients were given: `127.0.0.1:<port>`',
    apply: replace(/\b127\.0\.0\.1:\d+\b/g, '127.0.0.1:<port>'),
  },
  {
    text: 'usage texts, whose descriptions are our own: the line `usage` alone',
    apply: replace(/^usage: mqadmin [\s\S]*/gm, 'usage\n'),
  },
];

/** Rules of single lines, by name. */
const NAMED = {
  sorted: {
    text: 'lines in the order of a HashMap: sorted',
    apply: (output) => output.split('\n').sort().join('\n'),
  },
  figures: {
    text: 'figures that depend on load and machine: `<n>`',
    apply: replace(/(?<![\w<{-])-?\d+(?:\.\d+)?(?:E-?\d+)?(?![\w>}])(?: +)?/g, '<n> '),
  },
  runtime: {
    text: 'rates, distributions and byte counts of a broker, whose form depends on how long it runs: `<n>`',
    apply: (output) =>
      output
        .replaceAll(/((?:Tps|putMessageDistributeTime) *:).*/g, '$1 <n>')
        .replaceAll(/(remainHowManyDataToFlush *:).*/g, '$1 <n>'),
  },
  rates: {
    text: 'rates, numbers with a fraction: `<n>`',
    apply: replace(/ *(?<![\d.])\d+\.\d+(?:E-?\d+)?(?![\d.])/g, ' <n>'),
  },
  costs: {
    text: 'how long something took: `<n>`',
    // What pads a column goes with it: a call that takes long has more digits.
    apply: replace(/(?<![\w<{.-])\d+(?:\.\d+)?(?: *ms)?(?![\w>}.])(?: {2,})?/g, '<n> '),
  },
  version: { text: 'versions: `<version>`', apply: replace(/\bV\d+(?:_\w+)+(?: +)?/g, '<version> ') },
  ids: { text: 'message ids made by the command: `<id>`', apply: replace(/\b[0-9A-F]{32,56}\b(?: {2,})?/g, '<id> ') },
  positions: {
    text: 'places in the commit log, which depend on all that was stored before: `<n>`',
    apply: (output) => output.replaceAll(/(?<=physicOffset=|queueOffset=|CommitLogOffset: *)\d+/g, '<n>'),
  },
  host: {
    text: 'facts of machine, process and installation: paths, JVM',
    apply: (output) => output.replaceAll(/(?<=[=: "])(?:\/[\w.@+~-]+)+/g, '<path>'),
  },
  tools: {
    text: 'clients of the tools themselves, which may still be there: left out',
    apply: replace(/^.*CLIENT_INNER_PRODUCER.*\n/gm, ''),
  },
  others: {
    text: 'topics that other lines made: left out',
    apply: replace(/^.*\bscratch-\d{3}-[ao]\b.*\n/gm, ''),
  },
  mapping: {
    text: 'epochs of a static topic: `<n>`; the folder of its files: `<folder>`',
    apply: (output) =>
      output
        .replaceAll(/(?<=epoch"?: ?)\d+/g, '<n>')
        .replaceAll(/(?<=mapping data is written to file )\S*\//g, '<folder>/'),
  },
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof NAMED;

/**
 * Output in which only what matters is left.
 *
 * @param names placeholder to the value that stands for it in this run; what pads a value to a column goes with it
 */
export function normalise(output: string, names: ReadonlyMap<string, string>, rules: readonly RuleName[]): string {
  let text = output.replaceAll('\r\n', '\n');
  // Longest first: a name may be part of another.
  for (const [name, value] of [...names].sort(([, a], [, b]) => b.length - a.length)) {
    text = text.replaceAll(new RegExp(`${literal(value)}(?<padding> {2,})?`, 'g'), (_, padding?: string) =>
      padding === undefined ? `{${name}}` : `{${name}} `,
    );
  }
  for (const { apply } of EVERYWHERE) text = apply(text);
  // The others see what their pattern is for; sorting comes last.
  const ordered = Object.keys(NAMED).filter((name) => rules.includes(name as RuleName)) as RuleName[];
  for (const name of ordered.filter((each) => each !== 'sorted')) text = NAMED[name].apply(text);
  if (ordered.includes('sorted')) text = NAMED.sorted.apply(text);
  return text;
}

/** The rules for a reader, a Markdown list. */
export function rulesText(): string {
  const all = [
    { text: 'names, addresses, ids and folders of the run: `{placeholder}`' },
    ...EVERYWHERE,
    ...Object.values(NAMED),
  ];
  return all.map(({ text }) => `- ${text}`).join('\n');
}

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
