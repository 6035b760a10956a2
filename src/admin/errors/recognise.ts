import { ResponseCode, responseCodeName } from '../../protocol/response-code.js';
import { KNOWN_ERRORS, type KnownError } from './known-errors.js';

/** What a text tells besides which error it is. */
export interface ErrorSubject {
  readonly topic: string | null;
  readonly group: string | null;
  /** `host:port` of who answered or did not. */
  readonly addr: string | null;
  /** Name of a broker. */
  readonly broker: string | null;
}

export interface RecognisedError {
  readonly error: KnownError;
  /** The response code; null of errors that clients find themselves. */
  readonly code: number | null;
  /** `TOPIC_NOT_EXIST`; null without a code. */
  readonly codeName: string | null;
  readonly subject: ErrorSubject;
}

const CODE = /\b(?:response )?code["']?\s*[:=]?\s*(?<code>\d{1,4})\b/i;
const BARE_CODE = /^\s*(?<code>\d{1,4})\s*$/;
const ADDRESS = /(?:BROKER|from|addr(?:ess)?|channel)\W{1,4}(?<addr>[\w.-]+:\d{2,5})\b/i;

/** Which error a text is: by what it says, else by the code or the name of a code in it. Null when it is none known. */
export function recogniseError(text: string): RecognisedError | null {
  const code = codeIn(text);
  for (const error of KNOWN_ERRORS) {
    for (const pattern of error.texts) {
      const match = pattern.exec(text);
      if (match !== null) return recognised(error, code ?? error.codes[0] ?? null, text, match.groups ?? {});
    }
  }
  const error = code === null ? undefined : KNOWN_ERRORS.find(({ codes }) => codes.includes(code));
  return error === undefined ? null : recognised(error, code, text, {});
}

function codeIn(text: string): number | null {
  const found = CODE.exec(text) ?? BARE_CODE.exec(text);
  if (found?.groups?.code !== undefined) return Number(found.groups.code);
  const name = Object.keys(ResponseCode).find((each) => each !== 'SUCCESS' && new RegExp(`\\b${each}\\b`).test(text));
  return name === undefined ? null : ResponseCode[name as keyof typeof ResponseCode];
}

function recognised(
  error: KnownError,
  code: number | null,
  text: string,
  groups: Readonly<Record<string, string | undefined>>,
): RecognisedError {
  return {
    error,
    code,
    codeName: code === null ? null : responseCodeName(code),
    subject: {
      topic: groups.topic ?? /\btopic[=:[ ]+(?<topic>[%|\w-]+)/i.exec(text)?.groups?.topic ?? null,
      group: groups.group ?? /\b(?:consumer ?)?group[=:[ ]+(?<group>[%|\w-]+)/i.exec(text)?.groups?.group ?? null,
      addr: groups.addr ?? ADDRESS.exec(text)?.groups?.addr ?? null,
      broker: groups.broker ?? null,
    },
  };
}
