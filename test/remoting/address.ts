import test from 'ava';
import { formatAddress, parseAddress, plainIp } from '../../src/remoting/address.js';

const reads = test.macro({
  exec: (t, text: string, host: string, port: number) => void t.deepEqual(parseAddress(text), { host, port }),
  title: (_, text) => `reads "${text}"`,
});

test(reads, '127.0.0.1:9876', '127.0.0.1', 9876);
test(reads, 'broker-a.example.org:10911', 'broker-a.example.org', 10911);
test(reads, '[::1]:9876', '::1', 9876);
test(reads, 'fe80::1%eth0:9876', 'fe80::1%eth0', 9876);
test(reads, ' localhost:1 ', 'localhost', 1);

const refused = test.macro({
  exec: (t, text: string) =>
    void t.throws(() => parseAddress(text), { code: 'REMOTING_CONNECT', message: /host:port/ }),
  title: (_, text) => `refuses "${text}"`,
});

for (const text of ['', 'localhost', ':9876', 'localhost:', 'localhost:0', 'localhost:65536', 'localhost:9a', '[]:1']) {
  test(refused, text);
}

test('an IPv6 address is written in brackets', (t) => {
  t.is(formatAddress('::1', 1), '[::1]:1');
  t.is(formatAddress('10.0.0.1', 2), '10.0.0.1:2');
});

test('an IPv4 address seen through IPv6 is written as itself', (t) => {
  t.is(plainIp('::ffff:10.0.0.1'), '10.0.0.1');
  t.is(plainIp('::1'), '::1');
  t.is(plainIp('10.0.0.1'), '10.0.0.1');
});
