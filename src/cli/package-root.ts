import { existsSync } from 'node:fs';

/** The folder of our package.json, found upwards: the same from the sources, from compiled files and from the bundle. */
export function packageRoot(): URL {
  let folder = new URL('./', import.meta.url);
  while (!existsSync(new URL('package.json', folder)) && folder.pathname !== '/') folder = new URL('../', folder);
  return folder;
}
