import type { NetworkInterfaceInfo } from 'node:os';
import test from 'ava';
import { localAddress, reachableAddress } from '../../src/runtime/local-address.js';

function v4(address: string, internal = false): NetworkInterfaceInfo {
  return { address, family: 'IPv4', internal, netmask: '255.0.0.0', mac: '00:00:00:00:00:00', cidr: null };
}
function v6(address: string, scopeid = 0): NetworkInterfaceInfo {
  return { address, family: 'IPv6', internal: false, netmask: 'ffff::', mac: '00:00:00:00:00:00', cidr: null, scopeid };
}

const cases: Array<[title: string, interfaces: NetworkInterfaceInfo[], expected: string]> = [
  ['an address outside home networks first', [v4('127.0.0.1', true), v4('192.168.1.2'), v4('10.0.0.5')], '10.0.0.5'],
  ['else the last one of a home network', [v4('192.168.1.2'), v4('192.168.122.1')], '192.168.122.1'],
  ['else IPv6, not link-local', [v6('fe80::1', 2), v6('2001:db8::1')], '2001:db8::1'],
  ['else loopback', [v4('127.0.0.1', true)], '127.0.0.1'],
];
for (const [title, interfaces, expected] of cases) {
  test(`the advertised address: ${title}`, (t) => {
    t.is(localAddress({ eth0: interfaces, down: undefined }), expected);
  });
}

test('a listener on all interfaces is reached by loopback', (t) => {
  t.is(reachableAddress('0.0.0.0', 1), '127.0.0.1:1');
  t.is(reachableAddress('::', 1), '[::1]:1');
  t.is(reachableAddress('10.0.0.1', 1), '10.0.0.1:1');
  t.is(reachableAddress('2001:db8::1', 1), '[2001:db8::1]:1');
});
