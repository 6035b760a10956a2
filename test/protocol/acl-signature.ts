import test from 'ava';
import { calSignature, type SignatureAlgorithm, signedContent, signRequest } from '../../src/protocol/acl-signature.js';
import { type GoldenCase, goldenCases, goldenTitle } from '../helper/golden.js';

interface SignatureCase extends GoldenCase {
  input: {
    accessKey?: string;
    secretKey: string;
    securityToken?: string;
    extFields?: Record<string, string>;
    /** The header object, which the client flattens into extFields. */
    header?: Record<string, string | number | boolean>;
    bodyHex?: string;
    text?: string;
    algorithm?: string;
  };
  hex?: string;
  signature: string;
  extFieldsAfter?: Record<string, string>;
}

const ALGORITHMS: Record<string, SignatureAlgorithm> = { HmacSHA1: 'sha1', HmacSHA256: 'sha256', HmacMD5: 'md5' };

for (const golden of goldenCases<SignatureCase>('acl-signature')) {
  test(`golden ${goldenTitle(golden)}`, (t) => {
    const { input } = golden;
    if (input.text !== undefined) {
      const algorithm = ALGORITHMS[input.algorithm ?? 'HmacSHA1'];
      t.is(calSignature(Buffer.from(input.text), input.secretKey, algorithm), golden.signature);
      return;
    }
    const header = Object.fromEntries(Object.entries(input.header ?? {}).map(([name, value]) => [name, String(value)]));
    const fields = { ...input.extFields, ...header };
    const body = input.bodyHex === undefined ? null : Buffer.from(input.bodyHex, 'hex');
    const credentials = {
      accessKey: input.accessKey ?? '',
      secretKey: input.secretKey,
      securityToken: input.securityToken,
    };
    const signed = signRequest(fields, body, credentials);
    t.is(signedContent(signed, body).toString('hex'), golden.hex ?? '');
    t.is(signed.Signature, golden.signature);
    if (golden.extFieldsAfter) t.deepEqual(signed, golden.extFieldsAfter);
    t.deepEqual(signRequest(signed, body, credentials), signed, 'signing again gives the same');
  });
}

test('signing needs no fields and leaves the given ones alone', (t) => {
  const fields = Object.freeze({ topic: 'orders' });
  t.deepEqual(Object.keys(signRequest(null, null, { accessKey: 'a', secretKey: 's' })), ['AccessKey', 'Signature']);
  t.deepEqual(Object.keys(signRequest(fields, null, { accessKey: 'a', secretKey: 's' })), [
    'topic',
    'AccessKey',
    'Signature',
  ]);
});

test('named fields can be left out of the content', (t) => {
  const fields = { AccessKey: 'a', _UNIQUE_KEY_QUERY: 'true', topic: 'orders' };
  t.is(signedContent(fields, null).toString(), 'atrueorders');
  t.is(signedContent(fields, null, new Set(['_UNIQUE_KEY_QUERY'])).toString(), 'aorders');
});
