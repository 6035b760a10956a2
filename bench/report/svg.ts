/**
 * Bars of ours and the peer's, one pair a case, for one metric. Plain SVG, readable on light and dark ground. Pure.
 */
import { formatNumber, METRICS, type Measurement, type MetricName, median } from '../harness/measurement.js';

const WIDTH = 860;
const LABEL_WIDTH = 300;
const RIGHT = 150;
const BAR = 14;
const PAIR = 2 * BAR + 14;
const TOP = 56;
const BOTTOM = 44;
const OURS = '#2f81f7';
const PEER = '#d29922';
const TEXT = '#7d8590';

const escapeXml = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** Marks of an axis that holds [0, max], or [min, max] in powers of ten. */
interface Scale {
  readonly isLog: boolean;
  readonly marks: readonly number[];
  /** In [0, 1]. */
  place(value: number): number;
}

/** Logarithmic if the values are more than 20 times apart. */
export function scaleOf(values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0);
  const max = Math.max(...positive);
  const min = Math.min(...positive);
  if (max / min > 20) {
    const low = Math.floor(Math.log10(min));
    const high = Math.ceil(Math.log10(max));
    const marks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
    const place = (value: number) => Math.max(0.01, (Math.log10(value) - low) / (high - low));
    return { isLog: true, marks, place };
  }
  const rough = max / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const end = Math.ceil(max / step) * step;
  const marks = Array.from({ length: Math.round(end / step) + 1 }, (_, i) => i * step);
  return { isLog: false, marks, place: (value) => value / end };
}

/**
 * @param measurements of one metric
 * @param title of the plot
 */
export function barChart(title: string, metric: MetricName, measurements: readonly Measurement[]): string {
  const { unit, better, title: metricTitle } = METRICS[metric];
  const scale = scaleOf(measurements.flatMap(({ ours, peer }) => [median(ours), median(peer)]));
  const plotWidth = WIDTH - LABEL_WIDTH - RIGHT;
  const height = TOP + measurements.length * PAIR + BOTTOM;
  const parts: string[] = [];
  const text = (x: number, y: number, anchor: string, content: string, fill = TEXT, size = 12) =>
    parts.push(
      `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${fill}" font-size="${size}">` +
        `${escapeXml(content)}</text>`,
    );
  const axisY = TOP + measurements.length * PAIR;
  for (const mark of scale.marks) {
    const x = LABEL_WIDTH + (scale.isLog || mark > 0 ? scale.place(mark) : 0) * plotWidth;
    const at = scale.isLog && mark === scale.marks[0] ? LABEL_WIDTH : x;
    parts.push(`<line x1="${at}" y1="${TOP - 6}" x2="${at}" y2="${axisY}" stroke="${TEXT}" stroke-opacity="0.3"/>`);
    text(at, axisY + 16, 'middle', formatMark(mark), TEXT, 11);
  }
  const axis = `${metricTitle}, ${unit}${scale.isLog ? ', logarithmic' : ''} (${better} is better)`;
  text(LABEL_WIDTH + plotWidth / 2, axisY + 36, 'middle', axis);
  measurements.forEach(({ case: name, ours, peer, peerName }, index) => {
    const y = TOP + index * PAIR;
    text(LABEL_WIDTH - 10, y + BAR + 4, 'end', name);
    for (const [row, values, fill] of [
      [0, ours, OURS],
      [1, peer, PEER],
    ] as const) {
      const value = median(values);
      const width = Number.isFinite(value) ? scale.place(value) * plotWidth : 0;
      const barY = y + row * BAR;
      parts.push(
        `<rect x="${LABEL_WIDTH}" y="${barY}" width="${width.toFixed(1)}" height="${BAR - 2}" fill="${fill}"/>`,
      );
      const label = `${formatNumber(value)}${row === 1 && peerName !== undefined ? ` (${peerName})` : ''}`;
      text(LABEL_WIDTH + width + 6, barY + BAR - 4, 'start', label, TEXT, 11);
    }
  });
  const legend =
    `<rect x="${LABEL_WIDTH}" y="30" width="12" height="12" fill="${OURS}"/>` +
    `<text x="${LABEL_WIDTH + 18}" y="40" fill="${TEXT}" font-size="12">ours</text>` +
    `<rect x="${LABEL_WIDTH + 70}" y="30" width="12" height="12" fill="${PEER}"/>` +
    `<text x="${LABEL_WIDTH + 88}" y="40" fill="${TEXT}" font-size="12">Apache</text>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `font-family="system-ui, sans-serif" role="img" aria-label="${escapeXml(title)}">\n` +
    `<text x="10" y="20" fill="${TEXT}" font-size="15" font-weight="bold">${escapeXml(title)}</text>\n` +
    `${legend}\n${parts.join('\n')}\n</svg>\n`
  );
}

function formatMark(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1e3 ? `${value / 1e3}k` : String(Number(value.toPrecision(3)));
}
