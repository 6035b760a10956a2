/** Rows of a table, for terminal and Markdown alike. Pure. */
import { formatNumber, METRICS, type Measurement, median, ratio, reaches, spread } from '../harness/measurement.js';

export const COLUMNS = ['Case', 'Metric', 'Ours', 'Spread', 'Peer', 'Spread', 'Ratio', 'Aim'] as const;

const percent = (share: number): string => (Number.isFinite(share) ? `±${Math.round(share * 50)} %` : 'n/a');

/** One measurement, in the order of COLUMNS. */
export function cells(measurement: Measurement): string[] {
  const { metric, ours, peer, aim, limit } = measurement;
  const { title, unit } = METRICS[metric];
  const of = (values: readonly number[]) => [
    formatNumber(median(values)),
    values.length > 1 ? percent(spread(values)) : '',
  ];
  const aims = [
    ...(aim === undefined ? [] : [`≥ ${aim} ×`]),
    ...(limit === undefined ? [] : [`${METRICS[metric].better === 'lower' ? '≤' : '≥'} ${formatNumber(limit)}`]),
  ];
  const verdict = { true: ' ✓', false: ' ✗', null: '' }[String(reaches(measurement)) as 'true' | 'false' | 'null'];
  const [ourMedian = '', ourSpread = ''] = of(ours);
  const [peerMedian = '', peerSpread = ''] = of(peer);
  const peerText = measurement.peerName === undefined ? peerMedian : `${peerMedian} (${measurement.peerName})`;
  const quotient = `${formatNumber(ratio(measurement))} ×`;
  return [
    measurement.case,
    `${title}, ${unit}`,
    ourMedian,
    ourSpread,
    peerText,
    peerSpread,
    quotient,
    `${aims.join(', ')}${verdict}`,
  ];
}
