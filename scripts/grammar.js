// Makes the parser of message selectors of its grammar. `--check` only tells whether it is up to date.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import peggy from 'peggy';

const folder = new URL('../src/broker/filter/', import.meta.url);
const target = new URL('sql92-parser.ts', folder);
const source = peggy.generate(await readFile(new URL('sql92.peggy', folder), 'utf8'), {
  output: 'source',
  format: 'es',
  grammarSource: 'sql92.peggy',
});
const text = `// @ts-nocheck\n// Made by npm run grammar of sql92.peggy; do not edit.\n${source}`;

if (!process.argv.includes('--check')) {
  await writeFile(target, text);
} else if ((await readFile(target, 'utf8')) !== text) {
  throw new Error(`${fileURLToPath(target)} is not what its grammar makes: npm run grammar`);
}
