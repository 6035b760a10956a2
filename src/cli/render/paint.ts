import type { Tone } from './view.js';

/** Puts colour around text. */
export interface Paint {
  bold(text: string): string;
  tone(tone: Tone, text: string): string;
}

/** Leaves text as it is. */
export const noPaint: Paint = { bold: (text) => text, tone: (_tone, text) => text };

/** A paint for a stream that wants colour; chalk is loaded for it only. */
export async function colorPaint(): Promise<Paint> {
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  const tones = {
    good: chalk.green,
    warning: chalk.yellow,
    bad: chalk.red,
    quiet: chalk.dim,
    plain: (text: string) => text,
  };
  return { bold: (text) => chalk.bold(text), tone: (tone, text) => tones[tone](text) };
}
