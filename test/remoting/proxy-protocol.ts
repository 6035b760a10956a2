import test from 'ava';
import { readProxyHeader } from '../../src/remoting/proxy-protocol.js';
import { echoFrame } from '../helper/remoting.js';

/** Version 2 header by hand: signature, version and command, family, length, addresses. */
function version2(command: string, family: string, rest: string): Buffer {
  const body = Buffer.from(rest, 'hex');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  return Buffer.concat([Buffer.from(`0d0a0d0a000d0a515549540a${command}${family}`, 'hex'), length, body]);
}

test('a frame and a TLS handshake are no proxy header, from their first byte on', (t) => {
  t.deepEqual(readProxyHeader(echoFrame(1)), { kind: 'none' });
  t.deepEqual(readProxyHeader(Buffer.from([0])), { kind: 'none' });
  t.deepEqual(readProxyHeader(Buffer.from([0x16, 3, 1])), { kind: 'none' });
  t.deepEqual(readProxyHeader(Buffer.alloc(0)), { kind: 'none' });
  t.deepEqual(readProxyHeader(Buffer.from('POST / HTTP/1.1\r\n')), { kind: 'none' });
});

const reads = test.macro({
  exec(t, header: Buffer, source: { address: string; port: number } | null) {
    const bytes = Buffer.concat([header, echoFrame(1)]);
    t.deepEqual(readProxyHeader(bytes), { kind: 'proxy', byteCount: header.length, source });
    for (let end = 1; end < header.length; end++) {
      t.deepEqual(readProxyHeader(bytes.subarray(0, end)), { kind: 'more' }, `${end} bytes`);
    }
  },
  title: (name) => `reads ${name}, and waits for all of it`,
});

test('version 1 of IPv4', reads, Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n'), {
  address: '192.0.2.1',
  port: 56324,
});
test('version 1 of IPv6', reads, Buffer.from('PROXY TCP6 2001:db8::1 ::1 1 2\r\n'), {
  address: '2001:db8::1',
  port: 1,
});
test('version 1 of an unknown family', reads, Buffer.from('PROXY UNKNOWN\r\n'), null);
test('version 2 of IPv4', reads, version2('21', '11', 'c0000201c0000209dc0401bb'), {
  address: '192.0.2.1',
  port: 56324,
});
test('version 2 of IPv4 with TLVs', reads, version2('21', '11', 'c0000201c0000209dc0401bb0400020000'), {
  address: '192.0.2.1',
  port: 56324,
});
test('version 2 of IPv6', reads, version2('21', '21', `20010db8${'00'.repeat(11)}01${'00'.repeat(16)}00010002`), {
  address: '2001:db8:0:0:0:0:0:1',
  port: 1,
});
test('version 2 of a proxy that checks health', reads, version2('20', '00', ''), null);

const refused = test.macro({
  exec: (t, bytes: Buffer) => void t.throws(() => readProxyHeader(bytes), { code: 'REMOTING_COMMAND' }),
  title: (name) => `refuses ${name}`,
});

test('a line without an end', refused, Buffer.from(`PROXY TCP4 ${'1'.repeat(120)}`));
test('a line with a bad address', refused, Buffer.from('PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n'));
test('a line with a bad port', refused, Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 99999 2\r\n'));
test('an unknown version', refused, version2('31', '11', 'c0000201c0000209dc0401bb'));
test('an unknown command', refused, version2('22', '11', 'c0000201c0000209dc0401bb'));
test('an oversize header', refused, version2('21', '11', '00'.repeat(5000)));
