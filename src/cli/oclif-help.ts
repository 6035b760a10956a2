import { fileURLToPath } from 'node:url';
import { apacheNames } from './apache/names.js';
import { type CliIo, wantsColor } from './io.js';
import { packageRoot } from './package-root.js';

/** Writes oclif's help page for a command, a noun, or the root, where Apache's command names are added. */
export async function writeOclifHelp(words: readonly string[], io: CliIo): Promise<void> {
  // Not imported at the top: bundled code would load oclif for every command.
  const { Config, Help } = await import('@oclif/core');

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
      const names = this.wrap(`${apacheNames().join(', ')}\n\nmqadmin help topicList`);
      this.log(this.section("APACHE'S NAMES", this.indent(names)));
    }
  }

  const config = await Config.load(fileURLToPath(packageRoot()));
  const help = new MqadminHelp(config, { stripAnsi: !wantsColor(io, io.stdout) });
  await help.showHelp([...words]);
  await io.stdout.write(help.text);
}
