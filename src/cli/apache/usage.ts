import { type ApacheOption, optionKey } from './option.js';

const WIDTH = 110;

/**
 * The usage text of a subcommand as commons-cli lays it out, 110 columns wide.
 *
 * Source: org.apache.commons.cli.HelpFormatter#printHelp, srvutil/ServerUtil.java#printCommandLineHelp
 */
export function usageText(name: string, options: readonly ApacheOption[]): string {
  const sorted = [...options].sort((a, b) => compareKeys(optionKey(a), optionKey(b)));
  const done = new Set<string>();
  const parts = sorted.map((option) => {
    if (option.group === undefined) return bracket(optionUsage(option), option.required !== true);
    if (done.has(option.group)) return '';
    done.add(option.group);
    const members = sorted.filter(({ group }) => group === option.group);
    return bracket(members.map(optionUsage).join(' | '), option.groupRequired !== true);
  });
  const head = wrapWords(`usage: mqadmin ${name} ${parts.join(' ')}`, 'usage: '.length);
  const terms = sorted.map((option) => {
    const letter = option.short === null ? '    ' : ` -${option.short},`;
    return `${letter}--${option.long}${option.arg ? ' <arg>' : ''}`;
  });
  const left = Math.max(...terms.map((term) => term.length)) + 3;
  const rows = sorted.map((option, i) => wrapWords(`${(terms[i] as string).padEnd(left)}${option.description}`, left));
  return `${[head, ...rows].join('\n')}\n`;
}

function compareKeys(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  return x < y ? -1 : x > y ? 1 : 0;
}

function optionUsage(option: ApacheOption): string {
  return `${option.short === null ? `--${option.long}` : `-${option.short}`}${option.arg ? ' <arg>' : ''}`;
}

const bracket = (text: string, isOptional: boolean): string => (isOptional ? `[${text}]` : text);

/** Breaks at blanks; further lines are indented by `indent`. */
function wrapWords(text: string, indent: number): string {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > WIDTH) {
    const at = rest.lastIndexOf(' ', WIDTH);
    if (at <= indent) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = ' '.repeat(indent) + rest.slice(at + 1).trimStart();
  }
  return [...lines, rest.trimEnd()].join('\n');
}
