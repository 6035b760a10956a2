import test from 'ava';
import { MQClientError } from '../../src/client/errors.js';
import { NameServers, parseNameServerAddresses } from '../../src/client/name-servers.js';

const zero = { next: () => 0 };

test('addresses are separated by semicolons', (t) => {
  t.deepEqual(parseNameServerAddresses(' a:1; b:2;;'), ['a:1', 'b:2']);
  t.deepEqual(parseNameServerAddresses(''), []);
});

test('of an http address the part after the last slash counts', (t) => {
  t.deepEqual(parseNameServerAddresses('http://x/y:9876;https://z:1'), ['y:9876', 'z:1']);
});

test('one server is kept until it fails', (t) => {
  const servers = new NameServers(['a:1', 'b:2'], zero);
  t.is(servers.current(), 'a:1');
  t.is(servers.current(), 'a:1');
  servers.failed('a:1');
  t.is(servers.current(), 'b:2');
  servers.failed('b:2');
  t.is(servers.current(), 'a:1');
});

test('a failure of a server that is not chosen changes nothing', (t) => {
  const servers = new NameServers(['a:1', 'b:2'], zero);
  servers.failed('b:2');
  t.is(servers.current(), 'a:1');
});

test('the first server is random', (t) => {
  t.is(new NameServers(['a:1', 'b:2'], { next: () => 0.5 }).current(), 'b:2');
});

test('an update keeps the chosen server if it can', (t) => {
  const servers = new NameServers(['a:1', 'b:2'], { next: () => 0.5 });
  servers.update(['b:2', 'c:3', 'c:3']);
  t.is(servers.current(), 'b:2');
  t.deepEqual(servers.addresses, ['b:2', 'c:3']);
  servers.update(['d:4']);
  t.is(servers.current(), 'd:4');
});

test('without servers there is nothing to ask', (t) => {
  const error = t.throws(() => new NameServers([], zero).current(), { instanceOf: MQClientError });
  t.is(error?.responseCode, 10004);
});
