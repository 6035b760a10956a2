import { readFile } from 'node:fs/promises';
import { packageRoot } from './package-root.js';

/** What each noun is about: `oclif.topics` of package.json. */
export async function nounTexts(): Promise<Readonly<Record<string, string>>> {
  const { oclif } = JSON.parse(await readFile(new URL('package.json', packageRoot()), 'utf8')) as {
    oclif: { topics: Readonly<Record<string, { readonly description: string }>> };
  };
  return Object.fromEntries(Object.entries(oclif.topics).map(([noun, { description }]) => [noun, description]));
}
