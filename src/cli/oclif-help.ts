import { fileURLToPath } from 'node:url';
import { type CliIo, wantsColor } from './io.js';
import { packageRoot } from './package-root.js';

/** Writes oclif's help page for a command or a noun. */
export async function writeOclifHelp(words: readonly string[], io: CliIo): Promise<void> {
  // Not imported at the top: bundled code would load oclif for every command.
  const { CommandHelp, Config, Help } = await import('@oclif/core');

  /** The summary heads the page already. */
  class MqadminCommandHelp extends CommandHelp {
    protected override description(): string | undefined {
      const text = this.command.description;
      return text === undefined ? undefined : this.wrap(text);
    }
  }

  class MqadminHelp extends Help {
    readonly #lines: string[] = [];

    get text(): string {
      return `${this.#lines.join('\n').trimEnd()}\n`;
    }

    protected override log(...args: string[]): void {
      // A flag that may be repeated has an empty list as its default; that of --interval is told in its text.
      this.#lines.push(args.join(' ').replaceAll(/\[default: (?:2000)?\]\s*/g, ''));
    }

    protected override CommandHelpClass = MqadminCommandHelp;
  }

  const config = await Config.load(fileURLToPath(packageRoot()));
  const help = new MqadminHelp(config, { stripAnsi: !wantsColor(io, io.stdout) });
  await help.showHelp([...words]);
  await io.stdout.write(help.text);
}
