// Compiles src to dist, packs the oclif manifest, and bundles what plain commands load into one file.
import { readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { execa } from 'execa';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist/src');

await rm(join(root, 'dist'), { recursive: true, force: true });
await rm(join(root, 'oclif.manifest.json'), { force: true });
await execa('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, preferLocal: true, stdio: 'inherit' });
await packManifest();
await bundleEntry();

async function packManifest() {
  const { Plugin } = await import('@oclif/core/config');
  const plugin = new Plugin({ root, ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  await writeFile(join(root, 'oclif.manifest.json'), `${JSON.stringify(plugin.manifest)}\n`);
}

/**
 * Node spends about a millisecond on each module file, and a plain command needs a hundred of them. So run.js takes
 * in the commands and all below them, each still run only when it is imported; servers and the console stay files.
 */
async function bundleEntry() {
  const entry = join(dist, 'cli/run.js');
  await build({
    entryPoints: [entry],
    outfile: entry,
    allowOverwrite: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    // Names stay, so that stacks can be read.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [
      lazyBuiltins(),
      keepAsFiles(['runtime', 'console'], dirname(entry)),
      commandTable(join(dist, 'cli/command-files.js')),
    ],
  });
}

/**
 * Modules of Node are loaded when something of them is first used: an import at the top would load TLS and
 * cryptography for every command, and costs more than the module itself.
 */
function lazyBuiltins() {
  return {
    name: 'lazy-builtins',
    setup(bundle) {
      bundle.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }));
      bundle.onLoad({ filter: /.*/, namespace: 'builtin' }, async ({ path }) => {
        const names = Object.keys(await import(path)).filter((name) => name !== 'default');
        const getters = names.map((name) => `get ${name}() { return load().${name}; }`);
        const contents = `
let builtin;
const load = () => (builtin ??= process.getBuiltinModule(${JSON.stringify(path)}));
module.exports = { ${getters.join(', ')} };
`;
        return { contents, loader: 'js' };
      });
    },
  };
}

/** Imports of these folders of dist/src stay imports. */
function keepAsFiles(folders, from) {
  return {
    name: 'keep-as-files',
    setup(bundle) {
      bundle.onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const target = resolve(resolveDir, path);
        if (!folders.includes(relative(dist, target).split(/[\\/]/, 1)[0])) return undefined;
        return { path: relative(from, target).replaceAll('\\', '/'), external: true };
      });
    },
  };
}

/** Replaces the search for command files by a table of them: the same exports as src/cli/command-files.ts. */
function commandTable(file) {
  return {
    name: 'command-table',
    setup(bundle) {
      bundle.onLoad({ filter: /command-files\.js$/ }, async ({ path }) => {
        if (path !== file) return undefined;
        const commands = join(dist, 'commands');
        const files = (await readdir(commands, { recursive: true })).filter((name) => name.endsWith('.js')).sort();
        const rows = files.map((name) => {
          const posix = name.replaceAll('\\', '/');
          return `  ${JSON.stringify(posix.slice(0, -3).replace('/', ' '))}: () => import('../commands/${posix}'),`;
        });
        const contents = `
const TABLE = {
${rows.join('\n')}
};
const NOUNS = new Set(Object.keys(TABLE).filter((id) => id.includes(' ')).map((id) => id.split(' ', 1)[0]));
export function findCommand([first, second]) {
  const id = [first + ' ' + second, String(first)].find((each) => Object.hasOwn(TABLE, each));
  return id === undefined ? null : { id, load: async () => (await TABLE[id]()).default };
}
export const isNoun = (word) => NOUNS.has(word);
export const commandIds = () => Object.keys(TABLE);
`;
        return { contents, resolveDir: dirname(path), loader: 'js' };
      });
    },
  };
}
