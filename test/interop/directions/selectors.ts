/** Our message selectors against Apache's filter module, on the same expressions and properties. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemRandom } from '../../../src/base/clock.js';
import type { Selector } from '../../../src/broker/filter/selector.js';
import { SelectorCompiler } from '../../../src/broker/filter/selector-compiler.js';
import { SelectorError } from '../../../src/broker/filter/selector-node.js';
import type { Playground } from '../kit/children.js';
import type { Report } from '../kit/report.js';
import { generatedCases, type SelectorCase, writtenCases } from '../kit/selector-cases.js';

const GENERATED = 5000;
const SHOWN = 5;

interface Answer {
  readonly error?: string;
  /** T, F, N or X for each of the properties. */
  readonly results?: string;
}

function compiled(compiler: SelectorCompiler, selector: string): Selector | null {
  try {
    return compiler.compile(selector);
  } catch (error) {
    if (error instanceof SelectorError) return null;
    throw error;
  }
}

/** Where the two differ, in words. */
function differences(compiler: SelectorCompiler, { selector, properties }: SelectorCase, answer: Answer): string[] {
  const ours = compiled(compiler, selector);
  const text = JSON.stringify(selector);
  if (!ours) return answer.error === undefined ? [`only ours refuses ${text}`] : [];
  const { results } = answer;
  if (results === undefined) return [`only Apache's refuses ${text}: ${answer.error}`];
  return properties.flatMap((values, i) => {
    const matches = ours.matches(ours.properties.map((name) => values[name] ?? null));
    return matches === (results[i] === 'T')
      ? []
      : [`${text} on ${JSON.stringify(values)}: Apache's says ${results[i]}`];
  });
}

async function ask(playground: Playground, classPath: string, cases: readonly SelectorCase[]): Promise<Answer[]> {
  const file = join(await playground.newFolder('selectors'), 'questions');
  await writeFile(file, cases.map((question) => JSON.stringify(question)).join('\n'));
  const answers: Answer[] = [];
  const oracle = playground.spawn('oracle', 'java', ['-cp', classPath, 'mqadmin.interop.SelectorOracle', file], {
    onLine: (line) => answers.push(JSON.parse(line) as Answer),
  });
  const code = await oracle.ended;
  if (code !== 0) throw new Error(`the oracle ended with ${code}: ${oracle.tail()}`);
  return answers;
}

/** @param seed another one asks about other expressions */
export async function selectors(
  playground: Playground,
  classPath: string,
  report: Report,
  seed = Math.floor(systemRandom.next() * 0x7fff_ffff),
): Promise<void> {
  report.heading('message selectors');
  await report.test("selectors: ours and Apache's say the same", async () => {
    const cases = [...writtenCases(), ...generatedCases(GENERATED, seed)];
    const answers = await ask(playground, classPath, cases);
    const compiler = new SelectorCompiler();
    await compiler.load();
    const found = cases.flatMap((question, i) => differences(compiler, question, answers[i] ?? {}));
    if (found.length > 0) {
      throw new Error([`${found.length} differences, seed ${seed}`, ...found.slice(0, SHOWN)].join('\n'));
    }
  });
}
