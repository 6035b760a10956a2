import { RemotingCommandError } from '../../errors.js';
import { parseFastjson, stringifyFastjson } from '../../fastjson.js';
import { type JsonType, readJson } from './json-type.js';

/**
 * Reads a value from JSON text. `name` begins the path in errors.
 *
 * @throws RemotingCommandError if the text does not parse, or the value is null or does not fit
 */
export function parseJson<T>(type: JsonType<T>, name: string, json: string): T {
  return readJson(type, name, parseFastjson(json), json.includes('$ref'));
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
