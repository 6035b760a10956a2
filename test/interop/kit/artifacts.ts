/** Apache's published jars and Go module, and our agents compiled against them. */
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorText } from '../../../src/base/errors.js';
import type { Playground } from './children.js';

const JAVA_FOLDER = fileURLToPath(new URL('../java', import.meta.url));
const POM = join(JAVA_FOLDER, 'pom.xml');
const JAVA_SOURCES = join(JAVA_FOLDER, 'src/main/java/mqadmin/interop');
const GO_FOLDER = fileURLToPath(new URL('../go', import.meta.url));
/** Git ignores it, and it outlives a run. */
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/mqadmin-interop', import.meta.url));

/**
 * The newest that Maven Central has of both lines. The clients: 4.9.8 without servers. The servers: 4.9.7, and 5.3.3
 * because the client that those of 5.3.4 need is not published.
 */
export const CLIENT_VERSIONS = { java4: '4.9.8', java5: '5.3.3' } as const;
export const SERVER_VERSIONS = { 'apache-4.9': '4.9.7', apache: '5.3.3' } as const;
export const SERVER_VERSION = SERVER_VERSIONS.apache;
export type JavaKind = keyof typeof CLIENT_VERSIONS;
/** Of the client, and of the tools with it. */
export type ApacheVersion = (typeof CLIENT_VERSIONS)[JavaKind];
export type ApacheMake = keyof typeof SERVER_VERSIONS;

/** Tools that are missing, [] when all are there. */
export async function missingTools(playground: Playground): Promise<string[]> {
  const tools = [
    ['java', '-version'],
    ['javac', '-version'],
    ['mvn', '--version'],
    ['go', 'version'],
  ] as const;
  const codes = await Promise.all(tools.map(([tool, flag]) => playground.spawn(tool, tool, [flag]).ended));
  return tools.filter((_, index) => codes[index] !== 0).map(([tool]) => tool);
}

/** Fetches and builds everything, from the network only what the cache lacks. @returns class paths of the servers */
export async function prepare(playground: Playground): Promise<Readonly<Record<ApacheMake, string>>> {
  // One after the other: Maven does not share its own folder with a second one.
  const classPaths = {
    'apache-4.9': `${await jars(playground, SERVER_VERSIONS['apache-4.9'])}/*`,
    apache: `${await jars(playground, SERVER_VERSION)}/*`,
  };
  await agentClassPath(playground, 'java4');
  await agentClassPath(playground, 'java5');
  await oracleClassPath(playground);
  await orderedPopsClassPath(playground);
  for (const version of Object.values(CLIENT_VERSIONS)) await adminDriverClassPath(playground, version);
  await goAgent(playground);
  return classPaths;
}

/** Class path of the Java agent with the client of that line. */
export function agentClassPath(playground: Playground, kind: JavaKind): Promise<string> {
  return compiled(playground, CLIENT_VERSIONS[kind], 'agent', [join(JAVA_SOURCES, 'Agent.java')]);
}

/** Class path with jars and AdminDriver of one version. */
export function adminDriverClassPath(playground: Playground, version: ApacheVersion): Promise<string> {
  return compiled(playground, version, 'driver', [join(JAVA_SOURCES, 'AdminDriver.java')]);
}

/** Class path of SelectorOracle. */
export function oracleClassPath(playground: Playground): Promise<string> {
  return compiled(playground, SERVER_VERSION, 'oracle', [join(JAVA_SOURCES, 'SelectorOracle.java')]);
}

/** Class path of OrderedPops, with the client of 5.x. */
export function orderedPopsClassPath(playground: Playground): Promise<string> {
  return compiled(playground, CLIENT_VERSIONS.java5, 'ordered-pops', [join(JAVA_SOURCES, 'OrderedPops.java')]);
}

/** Class path with the jars of one version and Java files of ours; `name` is their place in the cache. */
export async function compiled(
  playground: Playground,
  version: string,
  name: string,
  sources: readonly string[],
): Promise<string> {
  const folder = await jars(playground, version);
  const texts = await Promise.all(sources.map((source) => readFile(source, 'utf8')));
  const classes = await cached(`${name}-${version}`, [...texts, folder], (filling) =>
    run(playground, 'javac', ['-nowarn', '-d', filling, '-cp', `${folder}/*`, ...sources]),
  );
  return `${classes}:${folder}/*`;
}

/** The Go agent. Its modules stay in Go's own cache. */
export async function goAgent(playground: Playground): Promise<string> {
  const sources = await Promise.all(
    ['agent.go', 'go.mod', 'go.sum'].map((file) => readFile(join(GO_FOLDER, file), 'utf8')),
  );
  const folder = await cached('go', sources, (filling) =>
    run(playground, 'go', ['build', '-mod=readonly', '-o', join(filling, 'agent'), '.'], GO_FOLDER),
  );
  return join(folder, 'agent');
}

/** Jars of the client and the tools, and of the servers when we take them of that version. */
async function jars(playground: Playground, version: string): Promise<string> {
  const withServers = Object.values<string>(SERVER_VERSIONS).includes(version);
  return cached(`jars-${version}`, [await readFile(POM, 'utf8')], (filling) =>
    run(playground, 'mvn', [
      ...['-q', '-B', '-f', POM, `-Drocketmq.version=${version}`, ...(withServers ? ['-P', 'servers'] : [])],
      ...['dependency:copy-dependencies', `-DoutputDirectory=${filling}`],
    ]),
  );
}

/**
 * A folder of the cache, filled once for the same inputs: their hash is part of its name, so that runs of several
 * checkouts may share the cache. A fill that fails leaves nothing.
 */
async function cached(name: string, inputs: string[], fill: (folder: string) => Promise<void>): Promise<string> {
  const hash = createHash('sha256').update(inputs.join('\0')).digest('hex').slice(0, 12);
  const folder = join(CACHE, `${name}-${hash}`);
  if (await isThere(folder)) return folder;
  const filling = `${folder}.${process.pid}.part`;
  await rm(filling, { recursive: true, force: true });
  await mkdir(filling, { recursive: true });
  try {
    await fill(filling);
    // Another run may have been faster.
    if (!(await isThere(folder))) await rename(filling, folder);
  } finally {
    await rm(filling, { recursive: true, force: true });
  }
  return folder;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function run(playground: Playground, tool: string, args: readonly string[], cwd?: string): Promise<void> {
  const child = playground.spawn(tool, tool, args, { cwd });
  const code = await child.ended.catch((error) => errorText(error));
  if (code !== 0) throw new Error(`${tool} ended with ${code}: ${child.tail()}`);
}
