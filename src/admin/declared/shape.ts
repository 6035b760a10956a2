/** The shape of a file as data: one table checks what people write and makes the JSON Schema that editors read. */

export type Shape =
  | { readonly type: 'integer'; readonly min: number; readonly max: number }
  | { readonly type: 'boolean' }
  | { readonly type: 'string'; readonly values?: readonly string[] }
  /** Text, number or boolean: where text is meant and YAML sees something else. */
  | { readonly type: 'scalar' }
  | { readonly type: 'list'; readonly of: Shape }
  /** Names that the user chooses. */
  | { readonly type: 'map'; readonly of: Shape; readonly isName?: (name: string) => string | null }
  | {
      readonly type: 'record';
      readonly fields: Readonly<Record<string, Field>>;
      readonly required?: readonly string[];
    };

export interface Field {
  readonly shape: Shape;
  /** For the schema; one sentence. */
  readonly about: string;
}

/** Where in a document something is. */
export type Path = readonly (string | number)[];

/** What is wrong, and where. `isKey`: the key is meant, not its value. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  readonly isKey: boolean;
}

/** Everything that is wrong with a value. */
export function problemsOf(shape: Shape, value: unknown, path: Path = []): Problem[] {
  const wrong = (expected: string): Problem[] => [
    { path, message: `${nameOf(path)}: ${JSON.stringify(value)} is not ${expected}`, isKey: false },
  ];
  switch (shape.type) {
    case 'integer': {
      const { min, max } = shape;
      const isFine = Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
      return isFine ? [] : wrong(`a whole number from ${min} to ${max}`);
    }
    case 'boolean':
      return typeof value === 'boolean' ? [] : wrong('true or false');
    case 'string':
      if (typeof value !== 'string') return wrong('text');
      return shape.values === undefined || shape.values.includes(value)
        ? []
        : wrong(`one of ${shape.values.join(', ')}`);
    case 'scalar':
      return ['string', 'number', 'boolean'].includes(typeof value) ? [] : wrong('text, a number, true or false');
    case 'list':
      if (!Array.isArray(value)) return wrong('a list');
      return value.flatMap((item, index) => problemsOf(shape.of, item, [...path, index]));
    case 'map': {
      if (!isMapping(value)) return wrong('a mapping');
      return Object.entries(value).flatMap(([key, item]) => {
        const bad = shape.isName?.(key) ?? null;
        if (bad !== null) return [{ path: [...path, key], message: bad, isKey: true }];
        return problemsOf(shape.of, item, [...path, key]);
      });
    }
    case 'record':
      return recordProblems(shape, value, path) ?? wrong('a mapping');
  }
}

function recordProblems(shape: Shape & { type: 'record' }, value: unknown, path: Path): Problem[] | null {
  // A name with nothing behind it is an entry with nothing but defaults.
  if (value === null && shape.required === undefined) return [];
  if (!isMapping(value)) return null;
  const known = Object.keys(shape.fields);
  const missing = (shape.required ?? []).filter((key) => value[key] === undefined);
  return [
    ...missing.map((key) => ({ path, message: `${nameOf(path)}: ${key} is missing`, isKey: true })),
    ...Object.entries(value).flatMap(([key, item]): Problem[] => {
      const at = [...path, key];
      const field = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
      if (field !== undefined) return problemsOf(field.shape, item, at);
      return [{ path: at, message: `${nameOf(at)}: there is no such key; there are ${known.join(', ')}`, isKey: true }];
    }),
  ];
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(path: Path): string {
  return path.length === 0 ? 'the file' : path.join('.');
}

/** The JSON Schema (draft 7) of a shape. */
export function jsonSchemaOf(shape: Shape): Record<string, unknown> {
  switch (shape.type) {
    case 'integer':
      return { type: 'integer', minimum: shape.min, maximum: shape.max };
    case 'boolean':
      return { type: 'boolean' };
    case 'string':
      return { type: 'string', ...(shape.values === undefined ? {} : { enum: shape.values }) };
    case 'scalar':
      return { type: ['string', 'number', 'boolean'] };
    case 'list':
      return { type: 'array', items: jsonSchemaOf(shape.of) };
    case 'map':
      return { type: 'object', additionalProperties: jsonSchemaOf(shape.of) };
    case 'record':
      return {
        type: shape.required === undefined ? ['object', 'null'] : 'object',
        properties: Object.fromEntries(
          Object.entries(shape.fields).map(([key, { shape: inner, about }]) => [
            key,
            { description: about, ...jsonSchemaOf(inner) },
          ]),
        ),
        ...(shape.required === undefined ? {} : { required: shape.required }),
        additionalProperties: false,
      };
  }
}
