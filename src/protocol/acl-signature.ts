/**
 * Signing of requests, for ACL 1.0 and for the auth module of 5.3.
 *
 * Source: client/.../acl/common/AclClientRPCHook.java, AclSigner.java, AclUtils.java#combineRequestContent
 */
import { createHmac } from 'node:crypto';
import type { ExtFields } from './header-schema.js';

export const ACCESS_KEY = 'AccessKey';
export const SECURITY_TOKEN = 'SecurityToken';
export const SIGNATURE = 'Signature';

export interface SessionCredentials {
  accessKey: string;
  secretKey: string;
  securityToken?: string | null;
}

export type SignatureAlgorithm = 'sha1' | 'sha256' | 'md5';

/** Java's String order: by UTF-16 code units, which is what `<` on strings does. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The bytes that are signed: the values of all fields but Signature, in order of their names, then the body.
 *
 * @param except further names to leave out: servers disagree about `_UNIQUE_KEY_QUERY`
 */
export function signedContent(
  extFields: Readonly<Record<string, string>>,
  body: Uint8Array | null | undefined,
  except?: ReadonlySet<string>,
): Buffer {
  const names = Object.keys(extFields).filter((name) => name !== SIGNATURE && !except?.has(name));
  const values = names.sort(byCodeUnits).map((name) => extFields[name] ?? '');
  const text = Buffer.from(values.join(''), 'utf8');
  return body && body.length > 0 ? Buffer.concat([text, body]) : text;
}

/** Base64 of the HMAC, SHA-1 by default, with the UTF-8 bytes of the secret as key. */
export function calSignature(content: Uint8Array, secretKey: string, algorithm: SignatureAlgorithm = 'sha1'): string {
  return createHmac(algorithm, Buffer.from(secretKey, 'utf8')).update(content).digest('base64');
}

/**
 * Signs a request. Nothing may be added to the fields afterwards, so this is the last step before encoding;
 * a retry signs again.
 *
 * @param extFields not changed
 * @returns the fields with AccessKey, SecurityToken (only if there is one) and Signature
 */
export function signRequest(
  extFields: Readonly<Record<string, string>> | null | undefined,
  body: Uint8Array | null | undefined,
  credentials: SessionCredentials,
): ExtFields {
  const signed: ExtFields = { ...extFields, [ACCESS_KEY]: credentials.accessKey };
  if (credentials.securityToken) signed[SECURITY_TOKEN] = credentials.securityToken;
  signed[SIGNATURE] = calSignature(signedContent(signed, body), credentials.secretKey);
  return signed;
}
