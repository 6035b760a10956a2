/** What a process uses, from /proc. Linux only; elsewhere NaN. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

let ticksPerSecond = 0;

/** User and system time of a process since its start, µs. */
export function cpuMicros(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; utime and stime are the 12th and 13th field behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    ticksPerSecond ||= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
    return ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond;
  } catch {
    return Number.NaN;
  }
}

export interface Memory {
  readonly rssMb: number;
  /** Without pages of mapped files, such as Apache's log. */
  readonly anonMb: number;
}

/** Resident memory, MB of 10^6 bytes. */
export function memory(pid: number): Memory {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const mb = (name: string) => (Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)?.[1]) * 1024) / 1e6;
    return { rssMb: mb('VmRSS'), anonMb: mb('RssAnon') };
  } catch {
    return { rssMb: Number.NaN, anonMb: Number.NaN };
  }
}
