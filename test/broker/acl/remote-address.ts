import test from 'ava';
import { addressMatcher } from '../../../src/broker/acl/remote-address.js';

function matches(t: import('ava').ExecutionContext, text: string, yes: string[], no: string[]): void {
  const isWhite = addressMatcher(text);
  for (const address of yes) t.true(isWhite(address), `${text} ${address}`);
  for (const address of no) t.false(isWhite(address), `${text} ${address}`);
}

test('every form of a white list', (t) => {
  matches(t, '', [], ['127.0.0.1']);
  matches(t, '*', ['127.0.0.1', '::1'], []);
  matches(t, '10.0.0.1', ['10.0.0.1'], ['10.0.0.2']);
  matches(t, '10.0.0.*', ['10.0.0.1', '10.0.0.255'], ['10.0.1.1', '110.0.0.1', '::1']);
  matches(t, '10.0.1-9.*', ['10.0.1.1', '10.0.9.9'], ['10.0.10.1', '10.0.0.1']);
  matches(t, '10.0.0.1,10.0.0.3', ['10.0.0.1', '10.0.0.3'], ['10.0.0.2']);
  matches(t, '10.0.0.{1,3}', ['10.0.0.1', '10.0.0.3'], ['10.0.0.2']);
  matches(t, '::1', ['0:0:0:0:0:0:0:1'], ['::2']);
  matches(t, '1::2:{a,b}', ['1::2:A', '1:0:0:0:0:0:2:b'], ['1::2:c']);
  matches(t, '2::ac5:78:1-200:*', ['2::ac5:78:1ff:9'], ['2::ac5:78:201:9', '2.0.0.1']);
});

test('what is no address is refused', (t) => {
  for (const text of ['10.0.0', 'host', '10.0.0.1,host', '*.1.2.3', '10.0.0.9-1', '10.0.0.1-300', '{1,2}', '1:*:2']) {
    t.throws(() => addressMatcher(text), { code: 'CONFIG' }, text);
  }
});
