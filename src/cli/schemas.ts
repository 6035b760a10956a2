import { readdir, readFile } from 'node:fs/promises';
import { packageRoot } from './package-root.js';

const folder = (): URL => new URL('schemas/', packageRoot());

/** Not a command's document, but the file that `plan`, `apply` and `drift` read. */
export const CLUSTER_FILE = 'cluster-file';

/** The commands whose document has a schema, sorted. */
export async function schemaIds(): Promise<string[]> {
  const files = await readdir(folder());
  return (
    files
      .filter((name) => name.endsWith('.json') && name !== `${CLUSTER_FILE}.json`)
      // Nouns are single words; a verb may have hyphens.
      .map((name) => name.slice(0, -'.json'.length).replace('-', ' '))
      .sort()
  );
}

/** The JSON Schema of a command's document. @throws Error when it has none */
export async function readSchema(id: string): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(await readFile(new URL(`${id.replace(' ', '-')}.json`, folder()), 'utf8'));
}
