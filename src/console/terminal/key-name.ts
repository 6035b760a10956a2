import type { Key } from 'ink';

const NAMES = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['backspace', 'backspace'],
  // Most terminals send DEL for the key above enter.
  ['delete', 'backspace'],
] as const;

/** The reducer's names of what Ink heard: one key, or every character of what was pasted. */
export function keyNames(input: string, key: Key): string[] {
  for (const [flag, name] of NAMES) if (key[flag] === true) return [name];
  if (key.tab) return [key.shift ? 'shift-tab' : 'tab'];
  if (key.ctrl) return input === '' ? [] : [`ctrl-${input}`];
  const chars = [...input];
  const typed = chars.flatMap((char, i) => charName(char, chars.slice(i + 1).join('')));
  // Escape and a key right behind it look like one key with Alt, which means nothing here.
  return key.meta ? ['esc', ...typed] : typed;
}

/** A fast typist, or a slow line, sends several keys at once; line ends within pasted text are no keys. */
function charName(char: string, rest: string): string[] {
  if (char === ' ') return ['space'];
  if (char === '\u007F' || char === '\b') return ['backspace'];
  if (char === '\r') return /^[\r\n]*$/.test(rest) ? ['enter'] : [];
  return char < ' ' ? [] : [char];
}
