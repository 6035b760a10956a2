/**
 * The JSON form of a frame's header: one object, properties sorted by name, null ones left out.
 *
 *   {"code":105,"extFields":{"topic":"T"},"flag":0,"language":"JAVA","opaque":7,"serializeTypeCurrentRPC":"JSON","version":479}
 *
 * Source: remoting/.../protocol/RemotingCommand.java, RemotingSerializable.java
 */
import { bean, enumOf, int32, jsonText, optional, readJson, recordOf, text } from './bodies/schema.js';
import { parseFastjsonNumbersAsText, quoteFastjson } from './fastjson.js';
import type { ExtFields } from './header-schema.js';
import { LANGUAGE_NAMES, LanguageCode, type LanguageName } from './language-code.js';
import type { RemotingHeader } from './remoting-command.js';

/**
 * The header as fastjson reads it, with the defaults of the Java class. serializeTypeCurrentRPC is not among the
 * fields: a reader believes the frame, not the header.
 */
const headerType = bean('RemotingCommand', {
  code: int32(),
  extFields: optional(recordOf(jsonText())),
  flag: int32(),
  language: enumOf(LANGUAGE_NAMES, 'JAVA', null),
  opaque: int32(),
  remark: optional(text()),
  version: int32(),
});

/** What JSON.stringify writes otherwise than fastjson, or not at all. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be looked for
const UNLIKE_FASTJSON = /[\u000b\u000e-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]|:null/;

function extFieldsText(extFields: ExtFields): string {
  const json = JSON.stringify(extFields);
  if (!UNLIKE_FASTJSON.test(json)) return json;
  let out = '';
  for (const name of Object.keys(extFields)) {
    const value = extFields[name];
    if (value === undefined || value === null) continue;
    out += `${out === '' ? '' : ','}${quoteFastjson(name)}:${quoteFastjson(value)}`;
  }
  return `{${out}}`;
}

/** The header as text. Null values of `extFields` are left out; an unknown language is written as OTHER. */
export function encodeJsonHeader(header: RemotingHeader): string {
  const { code, extFields, flag, language, opaque, remark, version } = header;
  let out = `{"code":${code}`;
  if (extFields !== null) out += `,"extFields":${extFieldsText(extFields)}`;
  out += `,"flag":${flag},"language":"${language ?? 'OTHER'}","opaque":${opaque}`;
  if (remark !== null) out += `,"remark":${quoteFastjson(remark)}`;
  return `${out},"serializeTypeCurrentRPC":"JSON","version":${version}}`;
}

/**
 * Reads the text of a header: fields may be missing, in any order, unknown, or of another scalar type.
 *
 * @throws RemotingCommandError with the position or the field that is wrong
 */
export function decodeJsonHeader(json: string): RemotingHeader {
  return readCommonHeader(json) ?? readAnyHeader(json);
}

function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value;
}

/** `extFields` whose values are all text, without its prototype; undefined if they are not. Takes over `value`. */
function takeTextFields(value: unknown): ExtFields | null | undefined {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) return undefined;
  for (const field of Object.values(value)) {
    if (typeof field !== 'string') return undefined;
  }
  // Measured: copying to an object made without prototype makes reading a header a quarter slower.
  return Object.setPrototypeOf(value, null);
}

/** The header if it is standard JSON with every field of the type that Java writes; null if it needs a closer look. */
function readCommonHeader(json: string): RemotingHeader | null {
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof raw !== 'object' || raw === null) return null;
  const { code, flag, language, opaque, remark = null, version } = raw;
  if (!isInt32(code) || !isInt32(flag) || !isInt32(opaque) || !isInt32(version)) return null;
  if (typeof language !== 'string' || !Object.hasOwn(LanguageCode, language)) return null;
  if (typeof remark !== 'string' && remark !== null) return null;
  const extFields = takeTextFields(raw.extFields);
  if (extFields === undefined) return null;
  return { code, language: language as LanguageName, version, opaque, flag, remark, extFields };
}

function readAnyHeader(json: string): RemotingHeader {
  const raw = parseFastjsonNumbersAsText(json);
  const header = readJson(headerType, 'RemotingCommand', raw, json.includes('$ref'));
  const { code, language, version, opaque, flag, remark, extFields } = header;
  return { code, language, version, opaque, flag, remark: remark ?? null, extFields: extFields ?? null };
}
