import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { documentSchemas } from '../../scripts/document-schemas.js';
import { commandIds } from '../../src/cli/command-files.js';
import { schemaIds } from '../../src/cli/schemas.js';
import schema from '../../src/commands/schema.js';
import { runFake } from '../helper/cli.js';

test('schemas/ holds what the types of the documents say', async (t) => {
  t.timeout(300_000);
  const folder = new URL('../../schemas/', import.meta.url);
  const wanted = await documentSchemas(commandIds());
  t.deepEqual(readdirSync(folder).sort(), [...wanted.keys()].sort(), 'npm run schema');
  const stale = [...wanted].filter(([name, text]) => readFileSync(new URL(name, folder), 'utf8') !== text);
  t.deepEqual(
    stale.map(([name]) => name),
    [],
    'these schemas are out of date: npm run schema',
  );
});

test('what may be unknown has the type null', async (t) => {
  const { code, stdout } = await runFake(schema, ['consumer', 'progress']);
  t.is(code, 0);
  const { definitions } = JSON.parse(stdout);
  t.deepEqual(definitions.QueueProgress.properties.inflight.type, ['null', 'number']);
  t.true(definitions.QueueProgress.required.includes('inflight'));
  t.deepEqual(definitions.QueueProgress.properties.lag.type, ['null', 'number']);
});

test('schema lists the commands that have one', async (t) => {
  const { stdout } = await runFake(schema, ['--output', 'name']);
  t.deepEqual(stdout.trimEnd().split('\n'), await schemaIds());
  t.true((await schemaIds()).every((id) => commandIds().includes(id)));
});

test('schema of a command that is not there names near ones', async (t) => {
  const wrong = await runFake(schema, ['consumer', 'progres']);
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /there is no command "consumer progres"\nhint: did you mean consumer progress/);
  t.regex((await runFake(schema, ['topic'])).stderr, /say which command of topic\nhint: topic clusters, create, /);
  t.regex((await runFake(schema, ['completion'])).stderr, /completion writes no JSON document/);
});
