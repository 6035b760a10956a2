import { findCommand, isNoun } from './command-files.js';
import { type CliIo, wantsColor } from './io.js';
import { nounTexts } from './noun-texts.js';
import { colorPaint, noPaint } from './render/paint.js';
import { textWidth } from './render/text-width.js';

/** Nouns and verbs by what they are for; what is in no group comes last. */
const GROUPS: ReadonlyArray<readonly [title: string, words: readonly string[]]> = [
  ['Topics and messages', ['topic', 'message', 'tail', 'queue', 'dlq', 'record', 'replay', 'expect']],
  ['Consumers and producers', ['consumer', 'producer', 'offset']],
  [
    'Clusters, brokers, name servers',
    ['cluster', 'broker', 'namesrv', 'stats', 'top', 'ha', 'controller', 'container'],
  ],
  ['Find faults, compare, wait', ['check', 'doctor', 'explain', 'wait', 'drift', 'plan', 'apply', 'bench', 'export']],
  ['Access', ['user', 'acl']],
  ['On this machine', ['up', 'sandbox', 'demo', 'store']],
  ['This tool', ['context', 'config', 'schema', 'completion']],
];

const EXAMPLES = [
  ['mqadmin demo', 'see it at work, without a cluster'],
  ['mqadmin topic list -n 10.0.0.1:9876', 'topics of a cluster'],
  ['mqadmin consumer progress --sort -lag', 'groups that lag most'],
  ['mqadmin topic create --help', 'how to use one command'],
] as const;

const WIDTH = 80;

/** Folds text to lines that fit beside an indent. */
function fold(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string;
    if (line === '') lines[lines.length - 1] = word;
    else if (textWidth(line) + 1 + textWidth(word) <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** `  name  text`, the text folded within its column. */
function row(name: string, nameWidth: number, text: string): string {
  const indent = ' '.repeat(2 + nameWidth + 2);
  const [first = '', ...more] = fold(text, WIDTH - indent.length);
  return [`  ${name.padEnd(nameWidth)}  ${first}`, ...more.map((line) => indent + line)].join('\n');
}

/** What `mqadmin` alone shows: nouns and verbs in groups, at 80 columns. */
export async function writeRootHelp(ids: readonly string[], io: CliIo): Promise<void> {
  const paint = wantsColor(io, io.stdout) ? await colorPaint() : noPaint;
  const nouns = await nounTexts();
  const words = [...new Set(ids.map((id) => id.split(' ', 1)[0] as string))];
  const summaries = new Map(
    await Promise.all(
      words.map(async (word) => {
        const text = nouns[word] ?? (await findCommand([word])?.load())?.summary ?? '';
        return [word, text] as const;
      }),
    ),
  );
  const grouped = new Set(GROUPS.flatMap(([, members]) => members));
  const groups = [...GROUPS, ['More', words.filter((word) => !grouped.has(word))] as const]
    .map(([title, members]) => [title, members.filter((word) => summaries.has(word))] as const)
    .filter(([, members]) => members.length > 0);
  // A noun waits for its verb.
  const labelOf = (word: string) => (isNoun(word) && !ids.includes(word) ? `${word} …` : word);
  const width = Math.max(...words.map((word) => labelOf(word).length));
  const exampleWidth = Math.max(...EXAMPLES.map(([line]) => line.length));
  const section = (title: string, lines: readonly string[]) => `${paint.bold(title)}\n${lines.join('\n')}\n`;
  const sections = [
    'Administers Apache RocketMQ 4.9 and 5.x, and brings a name server and a broker.\n',
    section('Usage', ['  mqadmin NOUN VERB [NAME] [FLAGS]', '  mqadmin VERB [NAME] [FLAGS]']),
    ...groups.map(([title, members]) =>
      section(
        title,
        members.map((word) => row(labelOf(word), width, summaries.get(word) ?? '')),
      ),
    ),
    section(
      'Examples',
      EXAMPLES.map(([line, what]) => row(line, exampleWidth, what)),
    ),
    `${fold(
      "mqadmin NOUN lists its verbs, --help explains a command, man mqadmin tells all. The names of Apache's mqadmin " +
        'work as well, with its flags and its output: mqadmin help apache lists them, mqadmin help topicList explains one.',
      WIDTH,
    ).join('\n')}\n`,
  ];
  await io.stdout.write(sections.join('\n'));
}

/** Apache's names, each with the command that does the same. */
export async function writeApacheNames(commandOf: Readonly<Record<string, string>>, io: CliIo): Promise<void> {
  const names = Object.entries(commandOf).sort(([a], [b]) => (a < b ? -1 : 1));
  const width = Math.max(...names.map(([name]) => name.length));
  await io.stdout.write(names.map(([name, command]) => `${name.padEnd(width)}  ${command}\n`).join(''));
}
