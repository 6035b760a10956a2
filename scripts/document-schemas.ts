/** Makes the JSON Schema of each command's document of the type that its `run` gives. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGenerator, getProgramFromFiles, type JsonSchemaGenerator } from 'typescript-json-schema';
import { clusterFileSchema } from '../src/admin/declared/cluster-file.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * @param ids words of the commands: `topic list`
 * @returns file name to JSON text; a command that writes no document has none
 * @throws Error for a command whose document is of type unknown
 */
export async function documentSchemas(ids: readonly string[]): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-schemas-'));
  const { warn } = console;
  // The generator warns of every default that it does not need.
  console.warn = () => {};
  try {
    // Of an .mts file the compiler knows that it imports modules.
    const file = join(folder, 'documents.mts');
    await writeFile(file, ids.map(documentType).join('\n'));
    const program = getProgramFromFiles([file], {
      target: 'es2023',
      lib: ['lib.es2023.d.ts'],
      module: 'nodenext',
      moduleResolution: 'nodenext',
      strict: true,
      skipLibCheck: true,
      jsx: 'react-jsx',
      noEmit: true,
      typeRoots: [join(root, 'node_modules/@types')],
      types: ['node'],
    });
    const generator = buildGenerator(program, { required: true, ignoreErrors: true });
    if (generator === null) throw new Error('the types of the documents cannot be read');
    const schemas = new Map<string, string>();
    for (const id of ids) {
      const schema = schemaOf(generator, id);
      if (schema !== null) schemas.set(`${id.replace(' ', '-')}.json`, schema);
    }
    schemas.set('cluster-file.json', `${JSON.stringify(clusterFileSchema(), null, 2)}\n`);
    return schemas;
  } finally {
    console.warn = warn;
    await rm(folder, { recursive: true, force: true });
  }
}

const typeName = (id: string): string => `Document_${id.replaceAll(/[^a-z]/g, '_')}`;

function documentType(id: string): string {
  const path = join(root, 'src/commands', `${id.replace(' ', '/')}.js`);
  const name = typeName(id);
  return `import type ${name}_class from '${path}';
export type ${name} = NonNullable<(typeof ${name}_class)['document']>;`;
}

function schemaOf(generator: JsonSchemaGenerator, id: string): string | null {
  let schema: ReturnType<JsonSchemaGenerator['getSchemaForSymbol']>;
  try {
    schema = generator.getSchemaForSymbol(typeName(id), true, false);
  } catch (error) {
    const { message } = error as Error;
    // The type of nothing: the command only serves, or writes text.
    if (/type: never$/.test(message)) return null;
    throw new Error(`${id}: ${message}`, { cause: error });
  }
  const { $schema: _, ...rest } = schema;
  if (Object.keys(rest).length === 0) throw new Error(`${id}: the type of its document is unknown`);
  const whole = { $schema: 'http://json-schema.org/draft-07/schema#', title: `mqadmin ${id} --json`, ...rest };
  return `${JSON.stringify(withPlainNames(whole), null, 2)}\n`;
}

const DEFINITION = '#/definitions/';

/** The generator names definitions by file and type; the type is enough, unless two files have it. */
function withPlainNames(schema: { definitions?: Readonly<Record<string, unknown>> }): unknown {
  const names = new Map<string, string>();
  for (const long of Object.keys(schema.definitions ?? {})) {
    const short = /^\w+/.exec(long.replace(/^import\(.*?\)\./, ''))?.[0] ?? long;
    // The generator mixes up what it knows by a type parameter only.
    if (/^[A-Z]$/.test(short)) throw new Error(`a part of the document is of type ${short}: give it a type of its own`);
    const taken = [...names.values()].filter((name) => name === short || name.startsWith(`${short}_`)).length;
    names.set(long, taken === 0 ? short : `${short}_${taken + 1}`);
  }
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        if (key === '$ref' && typeof inner === 'string') {
          const long = decodeURIComponent(inner.slice(DEFINITION.length));
          return [key, `${DEFINITION}${encodeURIComponent(names.get(long) ?? long)}`];
        }
        return [names.get(key) ?? key, walk(inner)];
      }),
    );
  };
  return walk(schema);
}
