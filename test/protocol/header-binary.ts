import test from 'ava';
import { RemotingCommandError } from '../../src/protocol/errors.js';
import { decodeBinaryHeader, fitsBinaryHeader } from '../../src/protocol/header-binary.js';
import { createRequest } from '../../src/protocol/remoting-command.js';
import { buildBinaryHeader, buildExtField, uint16, uint32 } from '../helper/frames.js';

function decodeExt(...fields: Buffer[]) {
  const header = buildBinaryHeader({ ext: Buffer.concat(fields) });
  return decodeBinaryHeader(header, 0, header.length).extFields;
}

test('the last of fields with one name wins', (t) => {
  t.deepEqual(
    { ...decodeExt(buildExtField('a', '1'), buildExtField('b', '2'), buildExtField('a', '3')) },
    {
      a: '3',
      b: '2',
    },
  );
  t.deepEqual({ ...decodeExt(buildExtField('a', '1'), buildExtField('a', '')) }, {});
});

test('an empty value or name counts as missing', (t) => {
  t.deepEqual({ ...decodeExt(buildExtField('a', ''), buildExtField('', 'x'), buildExtField('b', '2')) }, { b: '2' });
});

test('a field named __proto__ is harmless', (t) => {
  const extFields = decodeExt(buildExtField('__proto__', 'x'));
  t.is(Object.getPrototypeOf(extFields), null);
  t.deepEqual(Object.keys(extFields ?? {}), ['__proto__']);
});

test('an unknown language reads as null', (t) => {
  const header = buildBinaryHeader({ language: 77 });
  t.is(decodeBinaryHeader(header, 0, header.length).language, null);
  const negative = buildBinaryHeader({ language: 0xff });
  t.is(decodeBinaryHeader(negative, 0, negative.length).language, null);
});

test('what follows the fields is skipped', (t) => {
  const header = Buffer.concat([buildBinaryHeader({ ext: buildExtField('a', '1') }), Buffer.from('rest')]);
  t.deepEqual({ ...decodeBinaryHeader(header, 0, header.length).extFields }, { a: '1' });
});

const MALFORMED: Record<string, Buffer[]> = {
  'a key beyond the fields': [uint16(5), Buffer.from('abc')],
  'a key of negative length': [uint16(0xffff), Buffer.from('abc')],
  'a key without a value': [uint16(1), Buffer.from('a')],
  'a key with half a value length': [uint16(1), Buffer.from('a'), uint16(0)],
  'a value beyond the fields': [uint16(1), Buffer.from('a'), uint32(2), Buffer.from('x')],
  'a value of negative length': [uint16(1), Buffer.from('a'), uint32(0x8000_0000)],
  'half a key length': [Buffer.from([0])],
};

for (const [title, fields] of Object.entries(MALFORMED)) {
  test(`${title} is refused`, (t) => {
    t.throws(() => decodeExt(...fields), { instanceOf: RemotingCommandError, message: /^header at \d+: / });
  });
}

test('a remark of negative length is refused', (t) => {
  const header = buildBinaryHeader({});
  header.writeInt32BE(-1, 13);
  t.throws(() => decodeBinaryHeader(header, 0, header.length), { message: 'header at 17: remark has length -1' });
});

test('codes and versions of 16 bits fit', (t) => {
  t.true(fitsBinaryHeader(createRequest(32_767)));
  t.true(fitsBinaryHeader(createRequest(-32_768)));
  t.false(fitsBinaryHeader(createRequest(32_768)));
  t.false(fitsBinaryHeader(createRequest(1, null, null, { version: -32_769 })));
});
