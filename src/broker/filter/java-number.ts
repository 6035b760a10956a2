/** Numbers as Java reads them of text, for comparing properties with constants. */

/** A constant of a message selector. An int and a long differ in what text may be compared with them. */
export type JavaNumber =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'long'; readonly value: bigint }
  | { readonly type: 'double'; readonly value: number };

const INT_MIN = -0x8000_0000;
const INT_MAX = 0x7fff_ffff;
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;
const ASCII_INTEGER = /^[+-]?[0-9]+$/;
const ANY_INTEGER = /^[+-]?\p{Nd}+$/u;
/** Double.valueOf's grammar, without hexadecimal. */
const DECIMAL = /^[+-]?(?:NaN|Infinity|(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fFdD]?)$/;
const HEXADECIMAL = /^([+-]?)0[xX](?:([0-9a-fA-F]+)\.?|([0-9a-fA-F]*)\.([0-9a-fA-F]+))[pP]([+-]?\d+)[fFdD]?$/;

/** Digits of any script to ASCII: Java takes what Character.digit takes. */
function asciiDigits(text: string): string {
  return text.replace(/\P{ASCII}/gu, (digit) => {
    let value = 0;
    const code = digit.charCodeAt(0);
    while (/\p{Nd}/u.test(String.fromCharCode(code - value - 1))) value += 1;
    return String(value % 10);
  });
}

function integerText(text: string): string | null {
  if (ASCII_INTEGER.test(text)) return text;
  // Pairs of surrogates are no digits to Java, which looks at UTF-16 units.
  return ANY_INTEGER.test(text) && !/[\ud800-\udfff]/.test(text) ? asciiDigits(text) : null;
}

/** Integer.valueOf; null for a NumberFormatException. */
export function parseJavaInt(text: string): number | null {
  const digits = integerText(text);
  if (digits === null) return null;
  const value = Number(digits);
  return value >= INT_MIN && value <= INT_MAX ? value + 0 : null;
}

/** Long.valueOf; null for a NumberFormatException. */
export function parseJavaLong(text: string): bigint | null {
  const digits = integerText(text);
  if (digits === null) return null;
  const value = BigInt(digits.startsWith('+') ? digits.slice(1) : digits);
  return value >= LONG_MIN && value <= LONG_MAX ? value : null;
}

function parseHexadecimal(text: string): number | null {
  const match = HEXADECIMAL.exec(text);
  if (!match) return null;
  const [, sign, whole, before = '', after = '', exponent] = match;
  const digits = BigInt(`0x${whole ?? `${before}${after}`}`);
  const shift = Number(exponent) - (whole === undefined ? after.length * 4 : 0);
  // Digits beyond a double's 53 bits would be rounded twice: keep 64 and remember whether anything was lost.
  const excess = Math.max(0, digits.toString(2).length - 64);
  const kept = digits >> BigInt(excess);
  const isExact = kept << BigInt(excess) === digits;
  const value = scaled(isExact ? kept : kept | 1n, shift + excess);
  return sign === '-' ? -value : value;
}

/** `digits` × 2^shift, rounded once. */
function scaled(digits: bigint, shift: number): number {
  if (digits === 0n || shift < -1300) return 0;
  if (shift > 1100) return Number.POSITIVE_INFINITY;
  if (shift >= 0) return Number(digits << BigInt(shift));
  const value = Number(digits);
  const result = value * 2 ** Math.max(shift, -1022) * 2 ** Math.min(0, shift + 1022);
  // Only below the normal range can the second factor round, and then the exact quotient decides.
  return result >= 2 ** -1022 ? result : Math.round(Number(digits) * 2 ** (shift + 1074)) * Number.MIN_VALUE;
}

/** Double.valueOf; null for a NumberFormatException. Text around it up to U+0020 is ignored, as String.trim does. */
export function parseJavaDouble(text: string): number | null {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start += 1;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end -= 1;
  const trimmed = text.slice(start, end);
  if (!DECIMAL.test(trimmed)) return parseHexadecimal(trimmed);
  const last = trimmed.at(-1) as string;
  const isSuffixed = 'fFdD'.includes(last);
  const number = isSuffixed ? trimmed.slice(0, -1) : trimmed;
  return number.endsWith('NaN') ? Number.NaN : Number(number);
}

/** Double.compareTo: NaN is greatest and equal to itself, -0 is less than 0. */
export function compareDoubles(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b && a !== 0) return 0;
  if (Object.is(a, b)) return 0;
  if (Number.isNaN(a)) return 1;
  if (Number.isNaN(b)) return -1;
  return Object.is(a, -0) ? -1 : 1;
}

/** Negation as of Java's boxed numbers: it wraps at the least one. */
export function negate(number: JavaNumber): JavaNumber {
  switch (number.type) {
    case 'int':
      return { type: 'int', value: -number.value | 0 };
    case 'long':
      return { type: 'long', value: BigInt.asIntN(64, -number.value) };
    case 'double':
      return { type: 'double', value: -number.value };
  }
}
