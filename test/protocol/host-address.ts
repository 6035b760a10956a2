import { isIPv6 } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { MessageFormatError } from '../../src/protocol/errors.js';
import { addressBytes, addressText, hostText, parseHostText } from '../../src/protocol/host-address.js';

const texts: [string, string, string][] = [
  ['10.0.0.1', '0a000001', '10.0.0.1'],
  ['255.255.255.255', 'ffffffff', '255.255.255.255'],
  ['::', '00000000000000000000000000000000', '::'],
  ['::1', '00000000000000000000000000000001', '::1'],
  ['0:0:0:0:0:0:0:1', '00000000000000000000000000000001', '::1'],
  ['fe80::', 'fe800000000000000000000000000000', 'fe80::'],
  ['2001:DB8::ff', '20010db80000000000000000000000ff', '2001:db8::ff'],
  ['2001:db8:0:0:1:0:0:1', '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
  ['2001:0:3:4:5:6:7:8', '20010000000300040005000600070008', '2001:0:3:4:5:6:7:8'],
  ['1:0:0:2:0:0:0:3', '00010000000000020000000000000003', '1:0:0:2::3'],
  ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221', '64:ff9b::c000:221'],
  ['fe80::1%eth0', 'fe800000000000000000000000000001', 'fe80::1'],
  ['::ffff:7f00:1', '00000000000000000000ffff7f000001', '0:0:0:0:0:ffff:7f00:1'],
];

for (const [text, hex, canonical] of texts) {
  test(`${text} is ${hex} and reads back as ${canonical}`, (t) => {
    const bytes = addressBytes(text);
    t.is(Buffer.from(bytes).toString('hex'), hex);
    t.is(addressText(bytes, 0, bytes.length === 4 ? 4 : 16), canonical);
  });
}

test('a v4 address mapped into v6 becomes 4 bytes, as in Java', (t) => {
  t.deepEqual([...addressBytes('::ffff:127.0.0.1')], [127, 0, 0, 1]);
});

test('every 16 bytes give a v6 text that gives the same bytes', (t) => {
  const group = fc.constantFrom(0, 0, 1, 0xff, 0xffff, 0x1234);
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const bytes = Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 0xff]));
      const text = addressText(bytes, 0, 16);
      t.true(isIPv6(text), text);
      t.deepEqual(addressBytes(text), bytes);
    }),
    { numRuns: 500 },
  );
});

for (const bad of ['', 'localhost', '1.2.3', '1.2.3.256', ':::', '1:2', '12345::']) {
  test(`${JSON.stringify(bad)} is no IP address`, (t) => {
    t.throws(() => addressBytes(bad), { instanceOf: MessageFormatError, message: /is no IP address/ });
  });
}

test('host texts read and write both families', (t) => {
  t.is(hostText({ address: '10.0.0.1', port: 10911 }), '10.0.0.1:10911');
  t.is(hostText({ address: '::1', port: 1 }), '[::1]:1');
  t.deepEqual(parseHostText('10.0.0.1:10911'), { address: '10.0.0.1', port: 10911 });
  t.deepEqual(parseHostText('/10.0.0.1:10911'), { address: '10.0.0.1', port: 10911 });
  t.deepEqual(parseHostText('[2001:db8:0:0:0:0:0:2]:4000'), { address: '2001:db8::2', port: 4000 });
  t.deepEqual(parseHostText('2001:db8:0:0:0:0:0:2:4000'), { address: '2001:db8::2', port: 4000 });
});

for (const bad of ['', '10.0.0.1', '10.0.0.1:', '10.0.0.1:65536', 'host:1', ':1']) {
  test(`${JSON.stringify(bad)} is no host text`, (t) => {
    t.throws(() => parseHostText(bad), { instanceOf: MessageFormatError });
  });
}
