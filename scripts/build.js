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
// The first run of a command writes the compiled code of what it ran: run one that reaches far and fails at once.
await execa(process.execPath, [join(root, 'bin/run.js'), 'topic', 'list', '--namesrv', '127.0.0.1:1'], {
  env: { MQADMIN_WRITE_CODE_CACHE: '1' },
  reject: false,
});

async function packManifest() {
  const { Plugin } = await import('@oclif/core/config');
  const plugin = new Plugin({ root, ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  await writeFile(join(root, 'oclif.manifest.json'), `${JSON.stringify(plugin.manifest)}\n`);
}

/**
 * Node spends about a millisecond on each module file, and a plain command needs a hundred of them. So run.cjs takes
 * in the commands and all below them, each still run only when it is imported; servers and the console stay files.
 * CommonJS, because only scripts can be given compiled code: see bin/run.js.
 */
async function bundleEntry() {
  const entry = join(dist, 'cli/run.js');
  const { outputFiles } = await build({
    entryPoints: [entry],
    outfile: join(dist, 'cli/run.cjs'),
    write: false,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: {
      js: [
        "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;",
        "const importModule = (specifier) => require('./import-module.cjs')(specifier);",
      ].join('\n'),
    },
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
  // A script with compiled code cannot import: a file beside it, loaded the usual way, does it in its place.
  const text = outputFiles[0].text.replaceAll(/\bimport\((?=["'])/g, 'importModule(');
  await writeFile(join(dist, 'cli/run.cjs'), text);
  await writeFile(join(dist, 'cli/import-module.cjs'), 'module.exports = (specifier) => import(specifier);\n');
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
