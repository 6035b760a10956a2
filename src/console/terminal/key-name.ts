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
  if (key.meta) return [];
  // Pasted text may hold line ends: they are no keys.
  return [...input].filter((char) => char >= ' ' && char !== '\u007f').map((char) => (char === ' ' ? 'space' : char));
}
