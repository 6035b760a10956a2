// Writes schemas/. Reads the sources: run by "npm run schema" through tsx.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { commandIds } from '../src/cli/command-files.ts';
import { documentSchemas } from './document-schemas.ts';

const folder = new URL('../schemas/', import.meta.url);
const schemas = await documentSchemas(commandIds());

await rm(folder, { recursive: true, force: true });
await mkdir(folder);
await Promise.all([...schemas].map(([name, text]) => writeFile(new URL(name, folder), text)));
