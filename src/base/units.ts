/** A duration in two units at most: `18m22s`, `9d4h`, `1.4s`, `350ms`. */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 10_000) return `${trimZero((ms / 1000).toFixed(1))}s`;
  const units: Array<[name: string, ms: number]> = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ];
  const first = units.findIndex(([, size]) => ms >= size);
  const [name, size] = units[first] as [string, number];
  const whole = Math.floor(ms / size);
  const next = units[first + 1];
  const rest = next === undefined ? 0 : Math.floor((ms % size) / next[1]);
  return next === undefined || rest === 0 ? `${whole}${name}` : `${whole}${name}${rest}${next[0]}`;
}

/** Bytes with binary units and two or three digits: `512 B`, `1.4 KiB`, `412 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || Math.abs(value) >= 100 ? Math.round(value) : trimZero(value.toFixed(1))} ${units[unit]}`;
}

/** A rate with one decimal below 1,000 and a suffix from 10,000 on: `38.2`, `980`, `12.4k`, `1.2M`. */
export function formatRate(perSecond: number): string {
  const size = Math.abs(perSecond);
  if (size < 1000) return trimZero(perSecond.toFixed(1));
  if (size < 10_000) return perSecond.toFixed(0);
  return size < 1_000_000
    ? `${trimZero((perSecond / 1000).toFixed(1))}k`
    : `${trimZero((perSecond / 1e6).toFixed(1))}M`;
}

/** A count with its thousands grouped: `41,090`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A share of 1 as per cent: `83 %`. */
export function formatRatio(ratio: number): string {
  return `${trimZero((ratio * 100).toFixed(1))} %`;
}

function trimZero(text: string): string {
  return text.endsWith('.0') ? text.slice(0, -2) : text;
}

/** `1 queue`, `3 queues`, `1,200 queues`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}
