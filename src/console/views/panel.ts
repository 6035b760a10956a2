import { textWidth } from '../../cli/render/text-width.js';
import type { PanelState } from '../state/panel.js';
import { cutEnd, cutMiddle, type Line, pad, plain, type Span } from '../tables/line.js';

/** Lines of a plan that are shown at a time, at most. */
const PLAN_ROWS = 12;

/** The panel of a write as a box of `columns` columns and at most `rows` lines. */
export function panelLines(panel: PanelState, columns: number, rows: number, ascii: boolean): Line[] {
  const inner = Math.max(20, columns - 4);
  const [h, v, tl, tr, bl, br] = ascii ? ['-', '|', '+', '+', '+', '+'] : ['─', '│', '┌', '┐', '└', '┘'];
  const title = ` ${cutMiddle(panel.title, inner - 4, ascii)} `;
  const row = (...spans: Span[]): Line => {
    const used = spans.reduce((sum, { text }) => sum + textWidth(text), 0);
    return [plain(` ${v} `), ...spans, plain(`${' '.repeat(Math.max(0, inner - used - 2))} ${v}`)];
  };
  const cut = (text: string): string => cutEnd(text, inner - 2, ascii);
  const body: Line[] = [];
  const { plan, stage, outcome } = panel;
  if (stage === 'planning')
    body.push(row(plain(ascii ? 'looking what this would do ...' : 'looking what this would do …')));
  if (plan !== null) {
    const room = Math.max(1, Math.min(PLAN_ROWS, rows - 8));
    const shown = plan.lines.slice(panel.offset, panel.offset + room);
    const below = plan.lines.length - panel.offset - shown.length;
    body.push(row(plain(cut(plan.summary))));
    for (const { text, isBad } of shown) body.push(row({ text: cut(`  ${text}`), tone: isBad ? 'bad' : 'plain' }));
    if (below > 0) body.push(row({ text: `  ${below} more: down`, tone: 'dim' }));
  }
  body.push(row(plain('')));
  if (stage === 'applying') body.push(row(plain(ascii ? 'applying ...' : 'applying …')));
  if (outcome !== null) body.push(row({ text: cut(outcome.text), tone: outcome.isBad ? 'bad' : 'good' }));
  if (stage === 'done') body.push(row({ text: '[ Close ]', tone: 'selected' }));
  else if (stage !== 'applying') {
    const cursor = ascii ? '_' : '▏';
    body.push(
      row(plain(`type the ${panel.noun}'s name to apply: `), { text: panel.typed, tone: 'title' }, plain(cursor)),
    );
    const isCancel = panel.focus === 'cancel';
    body.push(
      row(
        { text: isCancel ? '[ Cancel ]' : '  Cancel  ', tone: isCancel ? 'selected' : 'plain' },
        plain('   '),
        { text: isCancel ? '  Apply  ' : '[ Apply ]', tone: isCancel ? 'dim' : 'selected' },
        { text: '   tab moves, esc cancels', tone: 'dim' },
      ),
    );
  }
  return [
    [plain(` ${tl}${h}${title}${h.repeat(Math.max(0, inner - textWidth(title) - 1))}${tr}`)],
    ...body,
    [plain(` ${bl}${pad('', 0)}${h.repeat(inner)}${br}`)],
  ];
}
