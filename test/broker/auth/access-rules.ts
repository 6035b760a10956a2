import test from 'ava';
import {
  type Action,
  decidingEntry,
  groupResource,
  type Policy,
  parseResource,
  policiesOf,
  resourceKey,
  topicResource,
} from '../../../src/broker/auth/access-rules.js';
import { isIpInRange, isIpOrCidr } from '../../../src/broker/auth/source-ip.js';

/** Custom rules written `resource actions decision`, with `default:` before those of the default policy. */
function policies(...lines: string[]): Policy[] {
  const infos = lines.map((line) => {
    const [, kind, resource = '', actions = '', decision = '', ip] =
      /^(default:)?(\S+) (\S+) (\S+) ?(\S+)?$/.exec(line) ?? [];
    const entry = { resource, actions: actions.split(','), decision, ...(ip && { sourceIps: [ip] }) };
    return { policyType: kind ? 'Default' : 'Custom', entries: [entry] };
  });
  const all = policiesOf(infos) as Policy[];
  return (['Custom', 'Default'] as const).map((type) => ({
    type,
    entries: all.filter((policy) => policy.type === type).flatMap(({ entries }) => entries),
  }));
}

function decide(rules: Policy[], topic: string, action: Action, ip = '10.0.0.1'): string {
  return decidingEntry(rules, { resource: topicResource(topic), actions: [action] }, ip)?.decision ?? 'none';
}

test('resources are read and written as in rules', (t) => {
  for (const key of ['*', 'Topic:*', 'Topic:abc', 'Topic:ab*', 'Group:g', 'Cluster:c', 'Namespace:n']) {
    const resource = parseResource(key);
    t.is(resource && resourceKey(resource), key);
  }
  t.is(resourceKey(parseResource('topic:T') ?? groupResource('')), 'Topic:T');
  for (const key of ['', ' ', 'Queue:a', null]) t.is(parseResource(key), null);
});

test('retry and dead-letter topics stand for their group', (t) => {
  t.is(resourceKey(groupResource('%RETRY%g')), 'Group:g');
  t.is(resourceKey(groupResource('%DLQ%g')), 'Group:g');
  t.is(resourceKey(topicResource('%RETRY%g')), 'Group:g');
  t.is(resourceKey(topicResource('%DLQ%g')), 'Topic:%DLQ%g');
});

test('the closest rule decides, whatever the order', (t) => {
  const lines = [
    '* All Allow',
    'Topic:* All Deny',
    'Topic:or* All Allow',
    'Topic:orders* All Deny',
    'Topic:orders1 Pub Allow',
  ];
  for (const rules of [policies(...lines), policies(...lines.reverse())]) {
    t.is(decide(rules, 'orders1', 'Pub'), 'Allow');
    t.is(decide(rules, 'orders1', 'Sub'), 'Deny');
    t.is(decide(rules, 'order', 'Pub'), 'Allow');
    t.is(decide(rules, 'other', 'Pub'), 'Deny');
    t.is(decidingEntry(rules, { resource: groupResource('g'), actions: ['Sub'] }, '')?.decision, 'Allow');
  }
});

test('default rules count only where no custom one matches', (t) => {
  const rules = policies('Topic:* Pub Deny', 'default:Topic:orders Pub,Sub Allow');
  t.is(decide(rules, 'orders', 'Pub'), 'Deny');
  t.is(decide(rules, 'orders', 'Sub'), 'Allow');
  t.is(decide(rules, 'orders', 'Delete'), 'none');
});

test('rules count for their source addresses only', (t) => {
  const rules = policies('Topic:* All Allow 10.0.0.0/8');
  t.is(decide(rules, 'T', 'Pub', '10.200.3.4'), 'Allow');
  t.is(decide(rules, 'T', 'Pub', '192.168.0.1'), 'none');
  t.true(isIpInRange('10.0.0.1', '10.0.0.1'));
  t.true(isIpInRange('2001:db8::1', '2001:db8::/32'));
  t.false(isIpInRange('2001:db9::1', '2001:db8::/32'));
  t.true(isIpInRange('1.2.3.4', '0.0.0.0/0'));
});

test('what is no rule is refused in words', (t) => {
  const entry = { resource: 'Topic:a', actions: ['Pub'], decision: 'Allow' };
  const problem = (change: object) => policiesOf([{ policyType: 'Custom', entries: [{ ...entry, ...change }] }]);
  t.is(problem({ resource: 'Queue:a' }), 'The resource is null.');
  t.is(problem({ actions: ['Fly'] }), 'The actions is empty.');
  t.is(problem({ actions: ['any'] }), 'The actions can not be Any.');
  t.is(problem({ sourceIps: [' '] }), 'The source ip is empty.');
  t.is(problem({ sourceIps: ['10.0.0.0/33'] }), 'The source ip is invalid.');
  t.is(problem({ decision: 'maybe' }), 'The decision is null or illegal.');
  t.is(policiesOf([]), 'The policies is empty.');
  for (const good of ['::1', '::/0', '10.1.2.3', '10.0.0.0/32']) t.true(isIpOrCidr(good));
  for (const bad of ['10.0.0', '10.0.0.0/8/8', 'host', '::1/129']) t.false(isIpOrCidr(bad));
});
