/**
 * Draws the pictures of docs/console.md: runs the built console in a terminal over the demo's cluster, presses keys, and
 * writes what is on the screen as SVG. `npm run build` comes first.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sleep, systemClock, systemRandom } from '../src/base/clock.js';
import { startDemo } from '../src/runtime/demo.js';
import { KEY, type ScreenCell, Terminal } from '../test/helper/terminal.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(root, 'docs/console');

const CHAR_WIDTH = 8.4;
const LINE_HEIGHT = 18;
const BORDER = 12;
/** The 16 colours that the console uses some of; the ground and the text are the terminal's own. */
const COLORS = ['#45475a', '#f38ba8', '#a6e3a1', '#f9e2af', '#89b4fa', '#f5c2e7', '#94e2d5', '#bac2de'];
const GROUND = '#1e1e2e';
const TEXT = '#cdd6f4';

const escaped = (text: string): string => text.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
const colorOf = ({ color }: ScreenCell): string => (color < 0 ? TEXT : (COLORS[color % 8] ?? TEXT));

/** Pieces of a line that look alike, each with the column it begins at. */
function pieces(cells: readonly ScreenCell[]): Array<{ at: number; text: string; cell: ScreenCell }> {
  const found: Array<{ at: number; text: string; cell: ScreenCell }> = [];
  cells.forEach((cell, at) => {
    if (cell.width === 0) return;
    const last = found.at(-1);
    const isAlike =
      last !== undefined &&
      colorOf(last.cell) === colorOf(cell) &&
      last.cell.isBold === cell.isBold &&
      last.cell.isDim === cell.isDim;
    if (isAlike) last.text += cell.text;
    else found.push({ at, text: cell.text, cell });
  });
  return found.filter(({ text }) => text.trim() !== '');
}

/** A screen as a picture that needs no font of its own: every piece is as wide as its columns. */
export function screenSvg(screen: readonly (readonly ScreenCell[])[], title: string): string {
  const columns = screen[0]?.length ?? 80;
  const width = Math.ceil(columns * CHAR_WIDTH + 2 * BORDER);
  const height = Math.ceil(screen.length * LINE_HEIGHT + 2 * BORDER);
  const texts = screen.flatMap((cells, row) =>
    pieces(cells).map(({ at, text, cell }) => {
      const begin = text.length - text.trimStart().length;
      const shown = text.trim();
      const x = (BORDER + (at + begin) * CHAR_WIDTH).toFixed(1);
      const y = (BORDER + (row + 0.75) * LINE_HEIGHT).toFixed(1);
      const style = `${cell.isBold ? ' font-weight="bold"' : ''}${cell.isDim ? ' opacity="0.6"' : ''}`;
      const length = ([...shown].length * CHAR_WIDTH).toFixed(1);
      return `<text x="${x}" y="${y}" fill="${colorOf(cell)}" textLength="${length}" xml:space="preserve"${style}>${escaped(shown)}</text>`;
    }),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${GROUND}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`,
    ...texts,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

async function main(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const demo = await startDemo({ clock: systemClock, random: systemRandom });
  const open = (columns: number, rows: number, args: readonly string[] = []): Terminal =>
    new Terminal(
      process.execPath,
      [join(root, 'bin/run.js'), 'top', '-n', demo.namesrvAddr, '--interval', '1s', ...args],
      {
        columns,
        rows,
        env: { HOME: '/nonexistent', LANG: 'C.UTF-8', TERM: 'xterm-256color', FORCE_COLOR: '1' },
      },
    );
  const save = async (terminal: Terminal, name: string, title: string): Promise<void> => {
    await writeFile(join(FOLDER, `${name}.svg`), screenSvg(terminal.cells, title));
    process.stdout.write(`${name}.svg\n`);
  };
  const terminal = open(110, 20);
  try {
    // Long enough for a group to be called stuck, and for trends to have a shape.
    await terminal.shows(/payments-mailer +▲ behind/);
    await sleep(40_000);
    await terminal.shows(/orders-settlement +✖ stuck/);
    await save(terminal, 'groups', 'The groups view');
    terminal.press('2');
    await terminal.shows(/ Topics /);
    await save(terminal, 'topics', 'The topics view');
    terminal.press('5');
    await terminal.shows(/needs a look/);
    await save(terminal, 'pulse', 'The pulse view');
    terminal.press(':');
    await terminal.shows(/^ :▏/m);
    terminal.press('group payments-mailer\r');
    await terminal.shows(/▸ payments .*127\.0\.0\.1/);
    await save(terminal, 'queues', 'The queues of a group');
    terminal.press('K');
    await terminal.shows(/\[ Cancel \]/);
    await terminal.shows(/waiting -> 0 waiting/);
    await save(terminal, 'panel', 'A write is a panel');
    terminal.press(KEY.esc);
    await terminal.hides(/\[ Cancel \]/);
    terminal.press('m');
    await terminal.shows(/▸ \{"payment/);
    await save(terminal, 'messages', 'Messages waiting for a group');
    terminal.press(KEY.enter);
    await terminal.shows(/"paymentId": /);
    await save(terminal, 'body', 'The body of a message');
    terminal.press(':');
    await terminal.shows(/^ :▏/m);
    terminal.press('group orders-settlement\r');
    await terminal.shows(/orders-settlement > queues/);
    terminal.press('e');
    await terminal.shows(/orders-settlement is \w+: /);
    await save(terminal, 'explain', 'Why a group is stuck');
    terminal.press('3');
    await terminal.shows(/broker-a +master/);
    await save(terminal, 'brokers', 'The brokers view');
    terminal.press('q');
    await terminal.exited;
    const narrow = open(80, 24, ['--ascii']);
    await narrow.shows(/payments-mailer/);
    await sleep(3000);
    await save(narrow, 'ascii', '80 columns and plain ASCII');
    await narrow.close();
  } finally {
    await terminal.close();
    await demo.shutdown();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
