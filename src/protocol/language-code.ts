/**
 * Sender languages of the remoting protocol by their wire number.
 *
 * Source: remoting/.../protocol/LanguageCode.java. 4.9 knows 0 to 12 and reads NODE_JS as null.
 */
export const LanguageCode = {
  JAVA: 0,
  CPP: 1,
  DOTNET: 2,
  PYTHON: 3,
  DELPHI: 4,
  ERLANG: 5,
  RUBY: 6,
  OTHER: 7,
  HTTP: 8,
  GO: 9,
  PHP: 10,
  OMS: 11,
  RUST: 12,
  NODE_JS: 13,
} as const;

export type LanguageName = keyof typeof LanguageCode;

/** Every name, at the index that is its wire number; Java's enum ordinal is the same number. */
export const LANGUAGE_NAMES = Object.keys(LanguageCode) as readonly LanguageName[];

/** The name behind a wire number; null for a number that no version knows, as in Java. */
export function languageName(code: number): LanguageName | null {
  return LANGUAGE_NAMES[code] ?? null;
}
