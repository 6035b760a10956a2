/**
 * JSON of a result. Integers beyond 2^53 (bigint) become numbers of JSON, maps become objects, and undefined fields
 * vanish.
 */
export function toJson(doc: unknown, indent = 0): string {
  return write(doc, indent, '') ?? 'null';
}

function write(value: unknown, indent: number, margin: string): string | undefined {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (value instanceof Date) return JSON.stringify(value);
  const inner = margin + ' '.repeat(indent);
  const [open, close, items] = Array.isArray(value)
    ? ['[', ']', value.map((item) => write(item, indent, inner) ?? 'null')]
    : ['{', '}', writeEntries(value, indent, inner)];
  if (items.length === 0) return open + close;
  if (indent === 0) return open + items.join(',') + close;
  return `${open}\n${items.map((item) => inner + item).join(',\n')}\n${margin}${close}`;
}

function writeEntries(value: object, indent: number, margin: string): string[] {
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const written: string[] = [];
  for (const [key, item] of entries) {
    const text = write(item, indent, margin);
    if (text !== undefined) written.push(`${JSON.stringify(String(key))}:${indent === 0 ? '' : ' '}${text}`);
  }
  return written;
}
