import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import { apacheNames } from '../../src/cli/apache/names.js';
import { commandIds, findCommand } from '../../src/cli/command-files.js';
import { manPages } from '../../src/cli/man-page.js';
import { SETTINGS } from '../../src/cli/setting-table.js';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const pages = await manPages(manifest.oclif.topics);

/** Lines of a section, without its title. */
function section(page: string, title: string): string[] {
  const lines = page.split('\n');
  const start = lines.indexOf(`.Sh ${title}`);
  if (start < 0) return [];
  const end = lines.findIndex((line, i) => i > start && line.startsWith('.Sh '));
  return lines.slice(start + 1, end < 0 ? undefined : end);
}

const pageOf = (id: string): string => pages.get(`mqadmin-${id.replaceAll(' ', '-')}.1`) ?? '';

test('man/ holds what the tables of the commands say', (t) => {
  const folder = new URL('man/', root);
  const stale = [...pages].filter(([name, text]) => {
    try {
      return readFileSync(new URL(name, folder), 'utf8') !== text;
    } catch {
      return true;
    }
  });
  t.deepEqual(
    stale.map(([name]) => name),
    [],
    'these pages are out of date: npm run man',
  );
  t.deepEqual(readdirSync(folder).sort(), [...pages.keys()].sort(), 'pages of commands that are gone: npm run man');
});

test('package.json lists every page, for npm to install', (t) => {
  t.deepEqual(
    manifest.man,
    [...pages.keys()].map((name) => `./man/${name}`),
    'npm run man',
  );
});

test('there is a page for every command, with its flags, exit codes and examples', async (t) => {
  for (const id of commandIds()) {
    const page = pageOf(id);
    const command = await findCommand(id.split(' '))?.load();
    t.truthy(page, id);
    const flags = section(page, 'FLAGS').join('\n');
    for (const name of Object.keys(command?.allFlags ?? {})) {
      t.regex(flags, new RegExp(`\\\\-${name.replaceAll('-', '\\\\-')}(?: |$)`, 'm'), `${id} --${name}`);
    }
    const codes = [...page.matchAll(/^\.It (\d+)$/gm)].map(([, code]) => code);
    const described = [...(command?.description.split('Exit codes: ')[1] ?? '').matchAll(/(?:^|· )(\d+) /g)];
    t.deepEqual(
      codes,
      described.map(([, code]) => code),
      id,
    );
    t.is(page.match(/^\.Bd -literal/gm)?.length, command?.examples.length, id);
  }
});

test('examples name commands that exist', (t) => {
  for (const [name, page] of pages) {
    const lines = section(page, 'EXAMPLES').filter((line) => line.startsWith('mqadmin '));
    for (const line of lines)
      t.truthy(findCommand(line.replaceAll('\\-', '-').split(' ').slice(1)), `${name}: ${line}`);
  }
});

test("Apache's names stand in the overview and on the page of a command", (t) => {
  const overview = section(pages.get('mqadmin.1') ?? '', 'APACHE NAMES');
  for (const name of apacheNames()) {
    const id = overview[overview.indexOf(`.It Cm ${name}`) + 1]?.replace('.Cm ', '') ?? '';
    t.true(section(pageOf(id), 'APACHE NAMES').includes(`.Nm mqadmin Cm ${name}`), `${name}: ${id}`);
  }
});

test('pages are well formed', (t) => {
  for (const [name, page] of pages) {
    const lines = page.trimEnd().split('\n');
    t.deepEqual(
      lines.slice(1, 7).map((line) => line.split(' ')[0]),
      ['.Dd', '.Dt', '.Os', '.Sh', '.Nm', '.Nd'],
      name,
    );
    t.deepEqual(
      lines.filter((line) => line.length > 80 || !/^[\x20-\x7e]*\S$/.test(line) || /^(?:'|\.(?![A-Z\\]))/.test(line)),
      [],
      name,
    );
    for (const [open, close] of ['Bl El', 'Bd Ed', 'Bk Ek'].map((pair) => pair.split(' '))) {
      const count = (macro: string | undefined) => lines.filter((line) => line.split(' ')[0] === `.${macro}`).length;
      t.is(count(open), count(close), `${name}: .${open}`);
    }
    for (const [, target, section] of page.matchAll(/^\.Xr (\S+) (\d)/gm)) {
      t.true(pages.has(`${target}.${section}`), `${name}: ${target}`);
    }
  }
});

test('mandoc finds nothing wrong', async (t) => {
  const files = [...pages.keys()].map((name) => fileURLToPath(new URL(`man/${name}`, root)));
  const { code, stdout } = await execa('mandoc', ['-T', 'lint', ...files], { reject: false });
  if (code === 'ENOENT') {
    t.log('mandoc is not installed: nothing is checked');
    return t.pass();
  }
  // It looks for pages where they are installed.
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.includes('referenced manual not found'));
  t.deepEqual(lines, []);
});

test('mqadmin.yaml(5) explains every key', (t) => {
  const keys = section(pages.get('mqadmin.yaml.5') ?? '', 'KEYS');
  for (const { key, env } of Object.values(SETTINGS)) {
    const at = keys.indexOf(`.It Cm ${key}`);
    t.true(at >= 0, key);
    const end = keys.findIndex((line, i) => i > at && /^\.(?:It|El)/.test(line));
    for (const variable of env) t.true(keys.slice(at, end).join('\n').includes(variable), variable);
  }
});

test('the same tables make the same pages', async (t) => {
  t.deepEqual(await manPages(manifest.oclif.topics), pages);
});
