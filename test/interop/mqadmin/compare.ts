/** One line of the table in lines.ts: its four runs, and what they say about our servers and our tool. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.js';
import { errorText } from '../../../src/base/errors.js';
import { findApacheCommand } from '../../../src/cli/apache/names.js';
import { runOurTool, type ToolRun } from '../kit/apache-tool.js';
import type { ApacheVersion } from '../kit/artifacts.js';
import type { Playground } from '../kit/children.js';
import type { Make } from '../kit/servers.js';
import { waitFor } from '../kit/wait.js';
import type { Line, Quirk } from './lines.js';
import { normalise } from './normalise.js';
import type { World } from './world.js';

/** How something compares, best first. */
export const VERDICTS = ['same', 'quirk', 'not yet', 'differs'] as const;
export interface Finding {
  readonly verdict: (typeof VERDICTS)[number];
  /** Why or how; '' for `same`. One line, the same in every run. */
  readonly text: string;
}

/** What came of one command line with one tool on one cluster, normalised. */
export interface Outcome {
  readonly output: string;
  /** Null when it went well; else the error as far as both tools tell it: `CODE: n` and what it says, or ''. */
  readonly failure: string | null;
  /** The request code that the server does not know. */
  readonly unknownCode: string | null;
  readonly raw: ToolRun;
  /** ms; for whoever makes the suite faster. */
  readonly tookMs: number;
}

export interface LineResult {
  readonly servers: Finding;
  readonly tool: Finding;
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

type ToolMake = Make;

/** Runs a line everywhere. @param serial makes the names of its runs its own */
export async function compareLine(
  command: string,
  line: Line,
  serial: number,
  version: ApacheVersion,
  worlds: readonly World[],
  playground: Playground,
): Promise<LineResult> {
  const hasOurs = findApacheCommand(command) !== null && version === '5.3.3';
  const outcomes: Record<string, Outcome> = {};
  await Promise.all(
    worlds.map(async (world) => {
      for (const tool of ['apache', 'ours'] as const) {
        if (tool === 'ours' && !hasOurs) continue;
        outcomes[`${tool} on ${world.make}`] = await runOnce(command, line, serial, version, world, tool, playground);
      }
    }),
  );
  const { 'apache on apache': oracle, 'apache on ours': judged } = outcomes;
  if (oracle === undefined || judged === undefined) throw new Error('no clusters');
  return {
    servers: compareServers(oracle, judged, line),
    tool: hasOurs ? compareTools(outcomes, line.quirk) : { verdict: 'not yet', text: 'no such subcommand' },
    outcomes,
  };
}

async function runOnce(
  command: string,
  line: Line,
  serial: number,
  version: ApacheVersion,
  world: World,
  tool: ToolMake,
  playground: Playground,
): Promise<Outcome> {
  const startedMs = systemClock.monotonicMs();
  const dir = await playground.newFolder('mqadmin-run');
  const scratch = `scratch-${String(serial).padStart(3, '0')}-${tool[0]}`;
  const names = new Map([...world.names, ['dir', dir], ['scratch', scratch]]);
  const fillIn = (text: string) => text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => names.get(name) ?? whole);
  for (const [name, content] of Object.entries(line.files ?? {})) await writeFile(join(dir, name), fillIn(content));

  const runApache = (args: string) => world.apacheTool(version).run(wordsOf(args, fillIn));
  const wholeLine = `${command} ${line.args}`;
  for (const args of line.before ?? []) await runApache(args);
  const runTool = () => (tool === 'apache' ? runApache(wholeLine) : runOurTool(wordsOf(wholeLine, fillIn), dir));
  let raw = await runTool();
  if (line.until !== undefined) {
    const until = line.until;
    await waitFor(`${tool} to print ${until} on ${world.make}`, async () => {
      if (until.test(raw.stdout)) return true;
      raw = await runTool();
      return false;
    });
  }
  const parts = [raw.stdout];
  for (const name of line.reads ?? [])
    parts.push(`[${name}]`, await readFile(join(dir, name), 'utf8').catch(errorText));
  for (const args of line.after ?? []) {
    const { stdout, stderr } = await runApache(args);
    parts.push(`[${args}]`, stdout, apacheFailure(stderr, 0) ?? '');
  }
  const clean = (text: string) => normalise(text, names, line.rules ?? []);
  const failure = tool === 'apache' ? apacheFailure(raw.stderr, raw.exitCode) : ourFailure(raw);
  return {
    // Part by part: a usage text ends with its part.
    output: parts
      .map(clean)
      .join('\n')
      .replaceAll(/[ \t]+$/gm, ''),
    failure: failure === null ? null : clean(failure),
    unknownCode: /request type (\d+) not supported/.exec(raw.stderr + parts.join())?.[1] ?? null,
    raw,
    tookMs: systemClock.monotonicMs() - startedMs,
  };
}

/** Words with blanks stand in double quotes. */
function wordsOf(args: string, fillIn: (text: string) => string): string[] {
  const words = [...args.matchAll(/"([^"]*)"(?=\s|$)|\S+/g)].map(([word, quoted]) => fillIn(quoted ?? word));
  return args.includes('{namesrv}') ? words : [...words, '-n', fillIn('{namesrv}')];
}

/** The error in a Java stack trace: its code and text if it has any, else its class. */
function apacheFailure(stderr: string, exitCode: number | string): string | null {
  const traced = stderr.split('\n').filter((text) => /^(?:Caused by: )?[\w.$]+(?:Exception|Error)\b/.test(text));
  if (traced.length === 0) return exitCode === 0 ? null : '';
  const root = traced.at(-1) as string;
  const coded = traced.find((text) => text.includes('MQBrokerException'));
  const [, told] = /(CODE: \d+ {2}DESC: .*?)(?: BROKER: .*)?$/.exec(coded ?? root) ?? [];
  return told ?? root.replace(/^Caused by: /, '');
}

function ourFailure({ stderr, exitCode }: ToolRun): string | null {
  if (exitCode === 0) return null;
  return /CODE: \d+ {2}DESC: .*/.exec(stderr)?.[0] ?? '';
}

function compareServers(oracle: Outcome, judged: Outcome, { serversQuirk: quirk }: Line): Finding {
  if (judged.unknownCode !== null && oracle.unknownCode === null) {
    return { verdict: 'not yet', text: `our servers do not answer request code ${judged.unknownCode}` };
  }
  if (quirk?.onlyApacheFails === true && oracle.failure !== null && judged.failure === null) {
    return { verdict: 'quirk', text: quirk.text };
  }
  const found = compareOutputs(oracle.output, judged.output) ?? compareFailures(oracle.failure, judged.failure);
  if (found === null) return SAME;
  if (quirk === undefined) return found;
  const [wanted, had] = onlyShared(passOver(oracle, quirk), passOver(judged, quirk), quirk.key);
  const codeOf = ({ failure }: Outcome) => failure?.replace(/ {2}DESC: .*/, '') ?? null;
  const rest = compareOutputs(wanted.output, had.output) ?? compareFailures(codeOf(wanted), codeOf(had));
  return rest ?? { verdict: 'quirk', text: quirk.text };
}

/** Both without the lines whose key the other does not have. */
function onlyShared(one: Outcome, other: Outcome, key: RegExp | undefined): readonly [Outcome, Outcome] {
  if (key === undefined) return [one, other];
  const keyOf = (line: string) => key.exec(line)?.[1];
  const [ones, others] = [one, other].map(({ output }) => new Set(output.split('\n').map(keyOf))) as [
    Set<string | undefined>,
    Set<string | undefined>,
  ];
  const shared = (outcome: Outcome): Outcome => {
    const lines = outcome.output.split('\n').filter((line) => {
      const name = keyOf(line);
      return name === undefined || (ones.has(name) && others.has(name));
    });
    return { ...outcome, output: lines.join('\n') };
  };
  return [shared(one), shared(other)];
}

const SAME: Finding = { verdict: 'same', text: '' };

/** On either cluster our tool has to say what Apache's says there. */
function compareTools(outcomes: Readonly<Record<string, Outcome>>, quirk: Quirk | undefined): Finding {
  let isQuirk = false;
  for (const make of ['apache', 'ours'] as const) {
    const [theirs, ours] = [outcomes[`apache on ${make}`], outcomes[`ours on ${make}`]] as [Outcome, Outcome];
    const found = compareOnCluster(theirs, ours);
    if (found === null) continue;
    if (quirk === undefined)
      return { verdict: 'differs', text: `on ${make === 'ours' ? 'our' : "Apache's"} servers: ${found.text}` };
    const without = compareOnCluster(passOver(theirs, quirk), passOver(ours, quirk), quirk.ourExit === true);
    if (without !== null) return { verdict: 'differs', text: without.text };
    isQuirk = true;
  }
  return isQuirk ? { verdict: 'quirk', text: quirk?.text ?? '' } : SAME;
}

function compareOnCluster(theirs: Outcome, ours: Outcome, mayFail = false): Finding | null {
  const differs = compareOutputs(theirs.output, ours.output);
  if (differs !== null) return differs;
  if (theirs.failure === null) return mayFail ? null : compareFailures(null, ours.failure);
  if (ours.failure === null) return { verdict: 'differs', text: `does not fail with ${code(theirs.failure)}` };
  // Errors of a broker are told in Apache's words, those of the tool itself in our own.
  return theirs.raw.stderr.includes('MQBrokerException') ? compareFailures(theirs.failure, ours.failure) : null;
}

/** The outcome without what shows a quirk. */
function passOver(outcome: Outcome, { shows }: Pick<Quirk, 'shows'>): Outcome {
  if (shows === undefined) return outcome;
  return { ...outcome, output: outcome.output.replaceAll(shows, '').replaceAll(/\n\n+/g, '\n') };
}

function compareFailures(expected: string | null, actual: string | null): Finding | null {
  if (expected === actual) return null;
  const told = (failure: string | null) =>
    failure === null ? 'no error' : code(failure === '' ? 'an error' : failure);
  return { verdict: 'differs', text: `${told(actual)}, expected ${told(expected)}` };
}

/** The first line that differs, with the number of others. */
function compareOutputs(expected: string, actual: string): Finding | null {
  if (expected.trim() === actual.trim()) return null;
  const [want, have] = [expected.trim().split('\n'), actual.trim().split('\n')];
  const missing = subtract(want, have);
  const extra = subtract(have, want);
  const parts: string[] = [];
  if (missing.length > 0) parts.push(`${lines(missing)} missing: ${code(missing[0] ?? '')}`);
  if (extra.length > 0) parts.push(`${lines(extra)} too many: ${code(extra[0] ?? '')}`);
  return { verdict: 'differs', text: parts.length === 0 ? 'the same lines in another order' : parts.join('; ') };
}

const lines = ({ length }: readonly string[]): string => (length === 1 ? '1 line' : `${length} lines`);

/** What `from` holds more often than `other`. */
function subtract(from: readonly string[], other: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const each of other) counts.set(each, (counts.get(each) ?? 0) + 1);
  return from.filter((each) => {
    const left = counts.get(each) ?? 0;
    counts.set(each, left - 1);
    return left <= 0;
  });
}

const CODE_COLUMNS = 90;

/** As code in a cell of a Markdown table. */
function code(text: string): string {
  const flat = text.trim().replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('`', "'");
  return `\`${flat.length > CODE_COLUMNS ? `${flat.slice(0, CODE_COLUMNS)}…` : flat}\``;
}
