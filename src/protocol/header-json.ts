/**
 * The JSON form of a frame's header: one object, properties sorted by name, null ones left out.
 *
 *   {"code":105,"extFields":{"topic":"T"},"flag":0,"language":"JAVA","opaque":7,"serializeTypeCurrentRPC":"JSON","version":479}
 *
 * Source: remoting/.../protocol/RemotingCommand.java, RemotingSerializable.java
 */
import { bean, enumOf, int32, type JsonOf, jsonText, optional, recordOf, text } from './bodies/schema.js';
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

/** The header as text. Null values of `extFields` are left out; an unknown language is written as OTHER. */
export function encodeJsonHeader(header: RemotingHeader): string {
  let out = `{"code":${header.code}`;
  if (header.extFields !== null) {
    let separator = ',"extFields":{';
    for (const name of Object.keys(header.extFields)) {
      const value = header.extFields[name];
      if (value === undefined || value === null) continue;
      out += `${separator}${quoteFastjson(name)}:${quoteFastjson(value)}`;
      separator = ',';
    }
    out += separator === ',' ? '}' : `${separator}}`;
  }
  out += `,"flag":${header.flag},"language":"${header.language ?? 'OTHER'}","opaque":${header.opaque}`;
  if (header.remark !== null) out += `,"remark":${quoteFastjson(header.remark)}`;
  return `${out},"serializeTypeCurrentRPC":"JSON","version":${header.version}}`;
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

/** `extFields` whose values are all text, copied to an object without prototype; undefined if they are not. */
function copyTextFields(value: unknown): ExtFields | null | undefined {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) return undefined;
  const out: ExtFields = Object.create(null);
  for (const [name, field] of Object.entries(value)) {
    if (typeof field !== 'string') return undefined;
    out[name] = field;
  }
  return out;
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
  const extFields = copyTextFields(raw.extFields);
  if (extFields === undefined) return null;
  return { code, language: language as LanguageName, version, opaque, flag, remark, extFields };
}

function readAnyHeader(json: string): RemotingHeader {
  const shared = json.includes('$ref') ? new Map<unknown, Map<object, unknown>>() : null;
  const raw = parseFastjsonNumbersAsText(json);
  const header: JsonOf<typeof headerType> = headerType.read(raw, { path: ['RemotingCommand'], shared });
  const { code, language, version, opaque, flag, remark = null, extFields = null } = header;
  return { code, language, version, opaque, flag, remark, extFields };
}
