/**
 * House rules that a linter does not know: who may import whom, where time and randomness may be read, and
 * that wire tables stay consistent.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = join(root, 'src');

/** Folder of src → folders it may import, besides itself and base. The most specific folder counts. */
const ALLOWED: Record<string, readonly string[]> = {
  base: [],
  protocol: [],
  remoting: ['protocol'],
  client: ['remoting', 'protocol'],
  admin: ['client', 'remoting', 'protocol'],
  'cli/render': ['admin', 'protocol'],
  'cli/apache': ['cli', 'cli/render', 'admin', 'protocol'],
  cli: ['cli/render', 'cli/apache', 'admin'],
  console: ['cli/render', 'admin', 'protocol'],
  commands: ['cli', 'cli/render', 'cli/apache', 'console', 'admin', 'runtime'],
  namesrv: ['remoting', 'protocol'],
  'broker/store': ['protocol'],
  'broker/ha': ['broker/store', 'remoting', 'protocol'],
  broker: ['broker/store', 'broker/ha', 'remoting', 'protocol'],
  runtime: ['namesrv', 'broker', 'broker/store', 'admin', 'client', 'remoting', 'protocol'],
};
/** Imports that only carry types may reach a little further: they vanish at run time. */
const ALLOWED_TYPES: Record<string, readonly string[]> = {
  cli: ['protocol', 'client'],
  'cli/apache': ['client'],
  commands: ['protocol', 'client'],
};

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function folderOf(file: string): string {
  const parts = relative(src, file).split(sep);
  const two = parts.slice(0, 2).join('/');
  if (parts.length > 2 && two in ALLOWED) return two;
  return parts.length === 1 ? '.' : (parts[0] as string);
}

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

function importsOf(text: string): Import[] {
  const found: Import[] = [];
  for (const match of text.matchAll(/^\s*(?:import|export)\s(type\s)?[^;'"]*?from\s*'([^']+)'/gm)) {
    found.push({ target: match[2] as string, typeOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g))
    found.push({ target: match[1] as string, typeOnly: false });
  for (const match of text.matchAll(/^import\s*'([^']+)'/gm))
    found.push({ target: match[1] as string, typeOnly: false });
  return found;
}

test('imports run one way only', (t) => {
  const wrong: string[] = [];
  for (const file of sourceFiles(src)) {
    const from = folderOf(file);
    if (from === '.') continue;
    for (const { target, typeOnly } of importsOf(readFileSync(file, 'utf8'))) {
      if (!target.startsWith('.')) continue;
      const path = resolve(dirname(file), target);
      if (!path.startsWith(src + sep)) {
        // package.json of our own is the one thing outside src that may be read.
        if (!path.endsWith('package.json')) wrong.push(`${relative(root, file)} imports ${target}, outside src`);
        continue;
      }
      const to = folderOf(path);
      const allowed = [...(ALLOWED[from] ?? []), ...(typeOnly ? (ALLOWED_TYPES[from] ?? []) : [])];
      if (to !== from && to !== 'base' && !allowed.includes(to))
        wrong.push(`${relative(root, file)} (${from}) imports ${to}`);
    }
  }
  t.deepEqual(wrong, []);
});

test('time and randomness are read in base and runtime only', (t) => {
  const wrong: string[] = [];
  for (const file of sourceFiles(src)) {
    if (['base', 'runtime'].includes(folderOf(file))) continue;
    const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    for (const match of code.matchAll(
      /\b(?:Date\.now\(|new Date\(\)|setTimeout\(|setInterval\(|Math\.random\(|performance\.now\()/g,
    )) {
      wrong.push(`${relative(root, file)}: ${match[0]}`);
    }
  }
  t.deepEqual(wrong, []);
});

test('servers and library code do not write to the console', (t) => {
  const wrong = sourceFiles(src)
    .filter((file) => !['cli', 'cli/apache', 'cli/render', 'commands', 'console'].includes(folderOf(file)))
    .filter((file) => /\bconsole\.(?:log|error|warn|info)\(/.test(readFileSync(file, 'utf8')));
  t.deepEqual(wrong, []);
});

test('nothing is left for later in the sources', (t) => {
  const wrong = sourceFiles(src).filter((file) => /\b(?:TODO|FIXME|XXX)\b/.test(readFileSync(file, 'utf8')));
  t.deepEqual(
    wrong.filter((file) => !/XXXX/.test(readFileSync(file, 'utf8'))),
    [],
  );
});
