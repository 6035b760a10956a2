import { fileURLToPath } from 'node:url';
import { Config, Help } from '@oclif/core';
import { apacheNames } from './apache/names.js';
import { type CliIo, wantsColor } from './io.js';

/** Where package.json lies, seen from dist/src/cli and from src/cli. */
const ROOT = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../' : '../../../', import.meta.url));

/** oclif's help, with Apache's command names at the end of the root page. */
class MqadminHelp extends Help {
  readonly #lines: string[] = [];

  get text(): string {
    return `${this.#lines.join('\n').trimEnd()}\n`;
  }

  protected override log(...args: string[]): void {
    this.#lines.push(args.join(' '));
  }

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    this.log(
      this.section("APACHE'S NAMES", this.indent(this.wrap(`${apacheNames().join(', ')}\n\nmqadmin help topicList`))),
    );
  }
}

/** Writes oclif's help page for a command, a noun, or the root. */
export async function writeOclifHelp(words: readonly string[], io: CliIo): Promise<void> {
  const config = await Config.load(ROOT);
  const help = new MqadminHelp(config, { stripAnsi: !wantsColor(io, io.stdout) });
  await help.showHelp([...words]);
  await io.stdout.write(help.text);
}
