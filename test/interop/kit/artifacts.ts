/** Apache's published jars, and our Java scenarios compiled against them. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorText } from '../../../src/base/errors.js';
import type { Playground } from './children.js';

const JAVA_FOLDER = fileURLToPath(new URL('../java', import.meta.url));
const POM = join(JAVA_FOLDER, 'pom.xml');
const SOURCES = join(JAVA_FOLDER, 'src/main/java/mqadmin/interop');
const SCENARIOS = join(SOURCES, 'ClientScenarios.java');
/** Needs jars of the servers. */
const SELECTOR_ORACLE = join(SOURCES, 'SelectorOracle.java');
const ADMIN_DRIVER = join(SOURCES, 'AdminDriver.java');
/** Git ignores it, and it outlives a run. */
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/mqadmin-interop', import.meta.url));

/** Apache publishes the server jars of 5.x only: of 4.9 there are client and tools. */
export const VERSIONS = ['4.9.8', '5.3.3'] as const;
export type ApacheVersion = (typeof VERSIONS)[number];
export const SERVER_VERSION = '5.3.3' satisfies ApacheVersion;

/** Tools that are missing, [] when all are there. */
export async function missingTools(playground: Playground): Promise<string[]> {
  const tools = [
    ['java', '-version'],
    ['javac', '-version'],
    ['mvn', '--version'],
  ] as const;
  const codes = await Promise.all(tools.map(([tool, flag]) => playground.spawn(tool, tool, [flag]).ended));
  return tools.filter((_, index) => codes[index] !== 0).map(([tool]) => tool);
}

/** Class path with jars and scenarios of one version; taken from the cache when nothing has changed. */
export function classPath(playground: Playground, version: ApacheVersion): Promise<string> {
  const sources = version === SERVER_VERSION ? [SCENARIOS, SELECTOR_ORACLE] : [SCENARIOS];
  return compiled(playground, version, 'classes', sources);
}

/** Class path with jars and AdminDriver of one version. */
export function adminDriverClassPath(playground: Playground, version: ApacheVersion): Promise<string> {
  return compiled(playground, version, 'driver', [ADMIN_DRIVER]);
}

/** Class path with the jars of one version and Java files of ours; `name` is their place in the cache. */
export async function compiled(
  playground: Playground,
  version: ApacheVersion,
  name: string,
  sources: readonly string[],
): Promise<string> {
  const jars = await cached(`jars-${version}`, [await readFile(POM, 'utf8')], async (folder) => {
    const profile = version === SERVER_VERSION ? ['-P', 'servers'] : [];
    await run(playground, 'mvn', [
      ...['-q', '-B', '-f', POM, `-Drocketmq.version=${version}`, ...profile],
      ...['dependency:copy-dependencies', `-DoutputDirectory=${folder}`],
    ]);
  });
  const texts = await Promise.all(sources.map((source) => readFile(source, 'utf8')));
  const classes = await cached(`${name}-${version}`, [...texts, jars], (folder) =>
    run(playground, 'javac', ['-nowarn', '-d', folder, '-cp', `${jars}/*`, ...sources]),
  );
  return `${classes}:${jars}/*`;
}

/** A folder of the cache, filled once for the same inputs; a fill that fails leaves nothing. */
async function cached(name: string, inputs: string[], fill: (folder: string) => Promise<void>): Promise<string> {
  const stamp = createHash('sha256').update(inputs.join('\0')).digest('hex');
  const folder = join(CACHE, name);
  if ((await readFile(join(folder, 'stamp'), 'utf8').catch(() => '')) === stamp) return folder;
  const filling = `${folder}.part`;
  await rm(filling, { recursive: true, force: true });
  await mkdir(filling, { recursive: true });
  await fill(filling);
  await writeFile(join(filling, 'stamp'), stamp);
  await rm(folder, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  await rename(filling, folder);
  return folder;
}

async function run(playground: Playground, tool: string, args: readonly string[]): Promise<void> {
  const child = playground.spawn(tool, tool, args);
  const code = await child.ended.catch((error) => errorText(error));
  if (code !== 0) throw new Error(`${tool} ended with ${code}: ${child.tail()}`);
}
