// Writes the pages of man/ and lists them in package.json. Reads the sources: run by "npm run man" through tsx.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { manPages } from '../src/cli/man-page.ts';

const root = new URL('../', import.meta.url);
const packageFile = new URL('package.json', root);
const folder = new URL('man/', root);

const { topics } = JSON.parse(await readFile(packageFile, 'utf8')).oclif;
const pages = await manPages(topics);

await rm(folder, { recursive: true, force: true });
await mkdir(folder);
await Promise.all([...pages].map(([name, text]) => writeFile(new URL(name, folder), text)));

// Read again: the pages took a while.
const manifest = JSON.parse(await readFile(packageFile, 'utf8'));
manifest.man = [...pages.keys()].map((name) => `./man/${name}`);
await writeFile(packageFile, `${JSON.stringify(manifest, null, 2)}\n`);
