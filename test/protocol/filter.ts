import test from 'ava';
import {
  buildSubscriptionData,
  isTagType,
  SubscriptionParseError,
  tagMatches,
  tagsCodeMatches,
} from '../../src/protocol/filter.js';

test('tags are split, trimmed and hashed', (t) => {
  t.deepEqual(buildSubscriptionData('orders', ' A || B||A|| ', 'TAG', 17), {
    classFilterMode: false,
    topic: 'orders',
    subString: ' A || B||A|| ',
    tagsSet: ['A', 'B'],
    codeSet: [65, 66],
    subVersion: 17,
    expressionType: 'TAG',
  });
});

test('tags with the same hash share a code', (t) => {
  const subscription = buildSubscriptionData('orders', 'Aa||BB');
  t.deepEqual(subscription.tagsSet, ['Aa', 'BB']);
  t.deepEqual(subscription.codeSet, [2112]);
});

for (const expression of [null, undefined, '', '*']) {
  test(`the expression ${JSON.stringify(expression)} takes everything`, (t) => {
    const subscription = buildSubscriptionData('orders', expression, null);
    t.is(subscription.subString, '*');
    t.is(subscription.expressionType, 'TAG');
    t.deepEqual(subscription.tagsSet, []);
    t.true(tagMatches(subscription, null));
    t.true(tagMatches(subscription, 'A'));
    t.true(tagsCodeMatches(subscription, 5));
  });
}

test('an expression of separators only is refused', (t) => {
  t.throws(() => buildSubscriptionData('orders', '||'), { instanceOf: SubscriptionParseError });
  t.throws(() => buildSubscriptionData('orders', '||||'), { message: 'subString split error' });
});

test('SQL92 is carried as text and needs one', (t) => {
  const subscription = buildSubscriptionData('orders', 'a > 1', 'SQL92');
  t.is(subscription.subString, 'a > 1');
  t.is(subscription.expressionType, 'SQL92');
  t.deepEqual(subscription.codeSet, []);
  t.true(tagsCodeMatches(subscription, 1));
  t.throws(() => buildSubscriptionData('orders', '', 'SQL92'), { message: "Expression can't be null! SQL92" });
});

test('the consumer compares tags, the broker low 32 bits of the code', (t) => {
  const subscription = buildSubscriptionData('orders', 'Aa||polygenelubricants');
  t.true(tagMatches(subscription, 'Aa'));
  t.false(tagMatches(subscription, 'BB'));
  t.false(tagMatches(subscription, null));
  t.true(tagsCodeMatches(subscription, 2112));
  t.true(tagsCodeMatches(subscription, 2112n));
  t.true(tagsCodeMatches(subscription, -2147483648n));
  t.true(tagsCodeMatches(subscription, 0x5_0000_0840n));
  t.false(tagsCodeMatches(subscription, 2113));
});

test('class filter mode leaves the choice to others', (t) => {
  const subscription = { ...buildSubscriptionData('orders', 'A'), classFilterMode: true };
  t.true(tagMatches(subscription, 'B'));
  t.true(tagsCodeMatches(subscription, 1));
});

test('no type means TAG', (t) => {
  t.true(isTagType(null));
  t.true(isTagType(''));
  t.true(isTagType('TAG'));
  t.false(isTagType('SQL92'));
});
