/**
 * Splits the path of a `$ref`, `$.a[0].b`, into names and indexes. In a name all but letters and digits follows a
 * backslash.
 *
 * @returns null if it is no such path
 * Source: fastjson 1.2.83, serializer/SerialContext#toString
 */
export function parseReferencePath(path: string): (string | number)[] | null {
  if (!path.startsWith('$')) return null;
  const steps: (string | number)[] = [];
  let at = 1;
  while (at < path.length) {
    if (path[at] === '[') {
      const end = path.indexOf(']', at);
      const index = path.slice(at + 1, end);
      if (end < 0 || !/^\d{1,9}$/.test(index)) return null;
      steps.push(Number(index));
      at = end + 1;
    } else if (path[at] === '.') {
      let name = '';
      at++;
      while (at < path.length && path[at] !== '.' && path[at] !== '[') {
        if (path[at] === '\\') at++;
        name += path[at++] ?? '';
      }
      steps.push(name);
    } else {
      return null;
    }
  }
  return steps;
}
