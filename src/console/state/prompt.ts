/** A line that the user types. */
export interface PromptState {
  readonly kind: 'filter' | 'goto' | 'position' | 'permission';
  readonly text: string;
  /** Which completion Tab puts in next. */
  readonly choice: number;
  /** What was typed before Tab; completions are of this. */
  readonly typed: string;
}

export function openPrompt(kind: PromptState['kind'], text = ''): PromptState {
  return { kind, text, choice: -1, typed: text };
}

/** What a key does to a line of text; null when it is none for typing. */
export function editText(text: string, key: string): string | null {
  if (key === 'backspace') return [...text].slice(0, -1).join('');
  if (key === 'ctrl-u') return '';
  if (key === 'ctrl-w') return text.replace(/\S+\s*$/, '');
  if (key === 'space') return `${text} `;
  return isPrintable(key) ? text + key : null;
}

/** Names of keys are words; what is typed comes as one character, or marked as pasted. */
function isPrintable(key: string): boolean {
  return [...key].length === 1;
}
