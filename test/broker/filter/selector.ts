import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import { SelectorCompiler } from '../../../src/broker/filter/selector-compiler.js';
import { MAX_DEPTH, SelectorError } from '../../../src/broker/filter/selector-node.js';
import { type GoldenCase, goldenCases } from '../../helper/golden.js';

interface Golden extends GoldenCase {
  readonly properties: readonly Readonly<Record<string, string>>[];
  /** `results` has a letter for each of `properties`: true, false, NULL, or exception. */
  readonly selectors: readonly { readonly selector: string; readonly results?: string; readonly error?: string }[];
}

async function compiler(): Promise<SelectorCompiler> {
  const made = new SelectorCompiler();
  await made.load();
  return made;
}

function errorOf(made: SelectorCompiler, selector: string): string | null {
  try {
    made.compile(selector);
    return null;
  } catch (error) {
    return error instanceof SelectorError ? error.message : String(error);
  }
}

for (const golden of goldenCases<Golden>('selectors')) {
  test(`selectors are taken and refused as by Apache's parser (${golden.version})`, async (t) => {
    const made = await compiler();
    for (const { selector, error } of golden.selectors) {
      const ours = errorOf(made, selector);
      t.is(ours === null, error === undefined, selector);
      // The parser's own errors list what was expected, in the words of its generator.
      if (error && !/Encountered/.test(error)) t.is(ours, error, selector);
    }
  });

  test(`selectors match what Apache's match (${golden.version})`, async (t) => {
    const made = await compiler();
    for (const { selector, results } of golden.selectors) {
      if (results === undefined) continue;
      const compiled = made.compile(selector);
      const ours = golden.properties.map((properties) =>
        compiled.matches(compiled.properties.map((name) => properties[name] ?? null)) ? 'T' : '-',
      );
      t.is(ours.join(''), results.replaceAll(/[FNX]/g, '-'), selector);
    }
  });
}

test('a selector names each property once', async (t) => {
  const made = await compiler();
  t.deepEqual(made.compile("a > 1 AND (b = 'x' OR a < 0)").properties, ['a', 'b']);
});

test('depth has a limit, length another', async (t) => {
  const made = await compiler();
  const nested = (depth: number): string => `${'('.repeat(depth)}TRUE${')'.repeat(depth)}`;
  t.is(errorOf(made, nested(MAX_DEPTH)), null);
  t.regex(errorOf(made, nested(MAX_DEPTH + 1)) ?? '', /StackOverflowError/);
  t.regex(errorOf(made, `${'NOT '.repeat(MAX_DEPTH + 1)}TRUE`) ?? '', /StackOverflowError/);
  t.regex(errorOf(made, `${'('.repeat(60_000)}`) ?? '', /StackOverflowError/);
  t.regex(errorOf(made, `a = '${'x'.repeat(70_000)}'`) ?? '', /more than 65536/);
  const flat = Array.from({ length: 5000 }, (_, i) => `a = ${i}`).join(' OR ');
  t.true(made.compile(flat).matches(['4999']));
});

test('selectors that are used again are not parsed again', async (t) => {
  const made = await compiler();
  const first = made.compile('a = 1');
  for (let i = 0; i < 99; i++) made.compile(`a = ${i + 2}`);
  t.is(made.compile('a = 1'), first);
  for (let i = 0; i < 100; i++) made.compile(`b = ${i}`);
  t.not(made.compile('a = 1'), first);
});

test('the parser is the one that its grammar makes', async (t) => {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  await t.notThrowsAsync(execa(process.execPath, ['scripts/grammar.js', '--check'], { cwd: root }));
});
