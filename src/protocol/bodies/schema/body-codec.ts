import { RemotingCommandError } from '../../errors.js';
import { parseFastjson, stringifyFastjson } from '../../fastjson.js';
import { type JsonType, misfit, type ReadContext } from './json-type.js';

/** Reads a value from JSON text. `name` begins the path in errors. */
export function parseJson<T>(type: JsonType<T, false>, name: string, json: string): T {
  const shared = json.includes('$ref') ? new Map<unknown, Map<object, unknown>>() : null;
  const value = parseFastjson(json);
  const context: ReadContext = { path: [name], shared };
  if (value === null || value === undefined) throw misfit(context, 'a value', value);
  return type.read(value, context);
}

/** Both directions of a body. */
export interface BodyCodec<T> {
  /** @throws RemotingCommandError if a number does not fit its Java type */
  encode(value: T): Buffer;
  /** The pretty form, as brokers keep it in config files. @throws as encode */
  format(value: T): string;
  /** @throws RemotingCommandError if there is no body, or it does not fit */
  decode(body: Buffer | null): T;
}

/** The codec of a body: UTF-8 text in fastjson's plain form. */
export function bodyCodec<T>(name: string, type: JsonType<T, false>): BodyCodec<T> {
  return {
    encode: (value) => Buffer.from(stringifyFastjson(type.write(value))),
    format: (value) => stringifyFastjson(type.write(value), { pretty: true }),
    decode(body) {
      if (body === null || body.length === 0) throw new RemotingCommandError(`${name}: the frame has no body`);
      return parseJson(type, name, body.toString());
    },
  };
}
