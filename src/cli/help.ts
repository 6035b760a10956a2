import { apacheNames, findApacheCommand } from './apache/names.js';
import { commandIds, findCommand, isNoun } from './command-files.js';
import { ExitCode } from './exit-code.js';
import type { CliIo } from './io.js';
import { nearestFew } from './near.js';
import { UsageError } from './usage-error.js';

/**
 * Shows the root help, a noun's verbs, a command, or Apache's usage of one of its names.
 *
 * @param words the command's words; none for the root
 * @throws UsageError when there is no such command
 */
export async function showHelp(words: readonly string[], io: CliIo): Promise<number> {
  const [first] = words;
  const found = findCommand(words);
  if (first !== undefined && found === null) {
    const apache = findApacheCommand(first);
    if (apache !== null && (words.length === 1 || !isNoun(first))) {
      const { apacheUsage } = await import('./apache/run.js');
      await io.stdout.write(await apacheUsage(apache));
      return ExitCode.DONE;
    }
    if (first === 'apache' && words.length === 1) {
      const [{ writeApacheNames }, { COMMAND_OF_APACHE_NAME }] = await Promise.all([
        import('./root-help.js'),
        import('./apache/modern-names.js'),
      ]);
      await writeApacheNames(COMMAND_OF_APACHE_NAME, io);
      return ExitCode.DONE;
    }
    if (!isNoun(first) || words.length > 1) throw noSuchCommand(words);
  }
  if (first === undefined) {
    const { writeRootHelp } = await import('./root-help.js');
    await writeRootHelp(commandIds(), io);
    return ExitCode.DONE;
  }
  const { writeOclifHelp } = await import('./oclif-help.js');
  await writeOclifHelp(found === null ? words : found.id.split(' '), io);
  return ExitCode.DONE;
}

/** The error for words that name no command, with near names as hint. */
export function noSuchCommand(words: readonly string[]): UsageError {
  const [first = ''] = words;
  const name = isNoun(first) ? words.slice(0, 2).join(' ') : first;
  const near = suggestCommands(words).map((id) => `mqadmin ${id}`);
  const list = isNoun(first) ? `mqadmin help ${first} lists its commands` : 'mqadmin help lists the commands';
  return new UsageError(`there is no command "${name}"`, {
    hint: near.length === 0 ? list : `did you mean ${near.join(' or ')}?`,
  });
}

/** Commands that the words may have meant, likeliest first. */
function suggestCommands(words: readonly string[]): string[] {
  const [first = '', second = ''] = words;
  const ids = commandIds();
  if (isNoun(first)) {
    const verbs = ids.filter((id) => id.startsWith(`${first} `)).map((id) => id.slice(first.length + 1));
    const near = nearestFew(second, verbs, 2);
    // "config" is a word of get-config and update-config.
    const sharing = verbs.filter((verb) => second !== '' && verb.split('-').includes(second));
    return (near.length === 0 ? sharing.slice(0, 3) : near).map((verb) => `${first} ${verb}`);
  }
  const nouns = [...new Set(ids.filter((id) => id.includes(' ')).map((id) => id.split(' ', 1)[0] as string))];
  const single = ids.filter((id) => !id.includes(' '));
  const near = nearestFew(first, [...single, ...apacheNames(), ...nouns], 3);
  // "topics list": the verb is kept when the noun was meant.
  return near.map((name) => (nouns.includes(name) && ids.includes(`${name} ${second}`) ? `${name} ${second}` : name));
}
