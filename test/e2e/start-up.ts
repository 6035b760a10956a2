/** What a plain command loads: the built program tells by the coverage that V8 writes. npm run build comes first. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { assertBuilt, mqadmin, startUpProgram, tempFolder } from '../helper/cli.js';

test.before(assertBuilt);

/** The files that a run has loaded, as paths within the project; modules of Node are left out. */
async function loadedBy(t: ExecutionContext, args: readonly string[], exitCode: number): Promise<string[]> {
  const folder = await tempFolder(t);
  const result = await mqadmin(args, { env: { NODE_V8_COVERAGE: folder } });
  t.is(result.exitCode, exitCode, result.stderr);
  const [report] = await readdir(folder);
  const { result: scripts } = JSON.parse(await readFile(join(folder, report as string), 'utf8')) as {
    result: ReadonlyArray<{ url: string }>;
  };
  const urls = scripts.map(({ url }) => url).filter((url) => url.startsWith('file://'));
  return [...new Set(urls.map((url) => url.replace(/^.*\/(?=node_modules\/|dist\/|bin\/)/, '')))].sort();
}

/** The bundle, and what starts it. */
const PLAIN = ['bin/run.js', 'dist/src/cli/run.cjs'];

test('plain commands load the bundle and nothing else: no Ink, no React, no pino, no oclif', async (t) => {
  const up = await startUpProgram();
  t.teardown(up.stop);
  const at = ['-n', up.namesrvAddr];
  for (const args of [
    ['topic', 'list', ...at],
    ['topic', 'list', '--json', ...at],
    ['cluster', 'list', '--output', 'csv', ...at],
    ['message', 'send', 'TBW102', '-p', 'x', ...at],
    ['topicList', ...at],
  ]) {
    t.deepEqual(await loadedBy(t, args, 0), PLAIN, args.join(' '));
  }
});

test('failures load nothing more either', async (t) => {
  t.deepEqual(await loadedBy(t, ['topic', 'list', '-n', '127.0.0.1:1'], 5), PLAIN);
  t.deepEqual(await loadedBy(t, ['topic', 'lst'], 2), PLAIN);
});

test('the console loads Ink and React only where it is shown', async (t) => {
  const loaded = await loadedBy(t, ['demo', '--json', '--duration', '1s'], 0);
  t.true(loaded.some((path) => path.startsWith('dist/src/runtime/')));
  t.deepEqual(
    loaded.filter((path) => /^node_modules\/(?:ink|react|yoga-layout)\b/.test(path)),
    [],
  );
});
