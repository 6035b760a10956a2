import test from 'ava';
import type { MessageRow } from '../../../src/console/tables/views.js';
import { CLUSTER, group, START_MS, sample, TestConsole, topic } from '../../helper/console-samples.js';

const lagging = (name: string, lag: number) =>
  group({ group: name, brokerOffset: 1000, consumerOffset: 1000 - lag, oldestConsumedAtMs: START_MS - lag * 1000 });

const three = (a: number, b: number, c: number) => ({
  groups: [lagging('alpha', a), lagging('beta', b), lagging('gamma', c)],
});

const queue = {
  topic: 'orders',
  brokerName: 'broker-a',
  queueId: 3,
  brokerOffset: 20,
  consumerOffset: 8,
  lag: 12,
  inflight: 0,
  lastTimestamp: null,
  lastTime: null,
  clientId: '10.0.0.1@77',
  trouble: null,
};

const message = (queueOffset: number, body: string | Uint8Array): MessageRow => ({
  topic: 'orders',
  brokerName: 'broker-a',
  queueId: 3,
  queueOffset,
  storeAtMs: START_MS,
  msgId: `ID-${queueOffset}`,
  tags: 'paid',
  keys: 'o-1',
  reconsumeTimes: 0,
  bornHost: '10.0.0.2:1',
  properties: { region: 'eu' },
  body: typeof body === 'string' ? Buffer.from(body) : body,
});

/** Drills from a group to the first message waiting for it. */
function drilled(body: string | Uint8Array): TestConsole {
  const c = new TestConsole().samples(sample(0));
  c.keys('enter').send({
    kind: 'detail',
    key: 'queues\nmailer',
    atMs: START_MS,
    data: { kind: 'queues', queues: [queue], about: 'clustering push' },
  });
  c.keys('enter').send({
    kind: 'detail',
    key: 'client\nmailer\n10.0.0.1@77',
    atMs: START_MS,
    data: { kind: 'client', queues: [queue], about: 'JAVA' },
  });
  c.keys('enter').send({
    kind: 'detail',
    key: 'messages\norders\nbroker-a\n3\nmailer',
    atMs: START_MS,
    data: { kind: 'messages', messages: [message(8, body), message(9, 'second')], about: 'the first 2 of 12' },
  });
  return c.keys('enter');
}

test('groups come by age of lag, and the selected row stays selected when the order changes', (t) => {
  const c = new TestConsole().samples(sample(0, three(30, 20, 10)));
  t.deepEqual(c.rows, ['alpha', 'beta', 'gamma']);
  c.keys('down');
  t.is(c.selected, 'beta');
  c.samples(sample(2, three(1, 50, 40)), sample(4, three(1, 50, 40)));
  t.deepEqual(c.rows, ['beta', 'gamma', 'alpha']);
  t.is(c.selected, 'beta');
});

test('a moving number re-orders at most every other sample, a name at once', (t) => {
  const c = new TestConsole().samples(sample(0, three(30, 20, 10)));
  c.samples(sample(2, three(1, 2, 300)));
  t.deepEqual(c.rows, ['alpha', 'beta', 'gamma']);
  c.samples(sample(4, three(1, 2, 300)));
  t.deepEqual(c.rows, ['gamma', 'beta', 'alpha']);
  // Sorted by name nothing moves, and a new group takes its place at once.
  const named = new TestConsole({ sort: { column: 'group', isDown: false } }).samples(sample(0, three(1, 2, 3)));
  named.samples(sample(2, { groups: [...three(1, 2, 3).groups, group({ group: 'aardvark' })] }));
  t.deepEqual(named.rows, ['aardvark', 'alpha', 'beta', 'gamma']);
});

test('s sorts by the next column and S the other way round', (t) => {
  const c = new TestConsole({ sort: { column: 'group', isDown: false } }).samples(sample(0, three(1, 2, 3)));
  c.keys('S');
  t.deepEqual(c.rows, ['gamma', 'beta', 'alpha']);
  c.keys('s', 's');
  t.regex(c.text, /sort: lag down/);
  t.deepEqual(c.rows, ['gamma', 'beta', 'alpha']);
});

test('/ filters while it is typed, /! inverts, a condition looks at a column, esc takes it back', (t) => {
  const c = new TestConsole().samples(sample(0, three(30, 20, 10)));
  c.keys('/').type('alp');
  t.deepEqual(c.rows, ['alpha']);
  c.keys('enter').keys('/', 'ctrl-u').type('!alp').keys('enter');
  t.deepEqual(c.rows, ['beta', 'gamma']);
  t.regex(c.text, /1 of 2 \(3 in all\) {2}\/!alp/);
  c.keys('/', 'ctrl-u').type('lag>15').keys('enter');
  t.deepEqual(c.rows, ['alpha', 'beta']);
  c.keys('/', 'ctrl-u').type('nope>15').keys('enter');
  t.deepEqual(c.rows, ['alpha', 'beta', 'gamma']);
  c.keys('/', 'esc');
  t.is(c.state.levels[0]?.filter, '');
});

test(': goes to a view, group, topic or context by name, and tab completes', (t) => {
  const c = new TestConsole({ contexts: ['prod-west'] }).samples(sample(0, three(1, 2, 3)));
  c.keys(':').type('top').keys('tab');
  t.regex(c.text, / :topics/);
  c.keys('enter');
  t.regex(c.text, / Topics 1 of 1/);
  c.keys(':').type('gam').keys('enter');
  t.regex(c.text, / gamma > queues/);
  c.keys(':').type('orders').keys('enter');
  t.regex(c.text, / orders > queues/);
  c.keys(':').type('context prod-w').keys('enter');
  t.deepEqual(c.effects.at(-1), { kind: 'context', name: 'prod-west' });
  c.keys(':').type('nowhere').keys('enter');
  t.regex(c.text, /there is no view, context, topic or group "nowhere"/);
});

test('enter goes down to the message, esc up again but never out, - to the view before', (t) => {
  const c = drilled('hello');
  t.regex(c.text, /^ message/m);
  t.regex(c.text, /hello/);
  c.keys('esc');
  t.regex(c.text, /waiting for mailer 1 of 2/);
  c.keys('-');
  t.regex(c.text, /^ message/m);
  c.keys('esc', 'esc', 'esc', 'esc', 'esc', 'esc');
  t.regex(c.text, /^ Groups/m);
  t.deepEqual(
    c.effects.filter(({ kind }) => kind === 'quit'),
    [],
  );
  c.keys('q');
  t.deepEqual(c.effects.at(-1), { kind: 'quit' });
});

test('a body is shown as pretty JSON, text and hex in turn', (t) => {
  const c = drilled('{"orderId":"o-1","cents":12}');
  t.regex(c.text, /^ {3}"orderId": "o-1",$/m);
  c.keys('f');
  t.regex(c.text, /00000000 {2}7b 22 6f 72/);
  c.keys('f');
  t.regex(c.text, /^ \{"orderId":"o-1","cents":12\}$/m);
  t.regex(drilled(Uint8Array.of(0, 255, 10)).text, /00000000 {2}00 ff 0a/);
  // A number that JavaScript cannot hold is shown as it was sent.
  t.regex(drilled('{"id":12345678901234567890}').text, /12345678901234567890/);
});

test('a name or body from the network cannot move the cursor', (t) => {
  const c = new TestConsole().samples(sample(0, { groups: [group({ group: 'evil\u001b[2J' })] }));
  t.false(c.text.includes('\u001b'));
  t.false(drilled('a\u001b[2Jb').text.includes('\u001b'));
});

test('space stands still and [ ] go through what is kept, at the times of then', (t) => {
  const c = new TestConsole().samples(sample(0, three(1, 2, 3)), sample(2, three(4, 5, 6)), sample(4, three(7, 8, 9)));
  c.keys('space').samples(sample(6, three(100, 200, 300)));
  t.regex(c.text, /PAUSED/);
  t.regex(c.text, /alpha .* 7 /);
  c.keys('space');
  t.regex(c.text, /alpha .* 100 /);
  c.keys('[', '[');
  t.regex(c.text, /4s AGO/);
  t.regex(c.text, /alpha .* 4 /);
  c.keys(']', ']');
  t.notRegex(c.text, /AGO/);
  c.keys('[', '[', '[', '[');
  t.regex(c.text, /the oldest sample/);
});

test('y gives the command line that shows the same, and copies it', (t) => {
  const c = new TestConsole().samples(sample(0));
  c.keys('enter', 'y');
  const text = 'mqadmin consumer progress mailer -s --context prod-east';
  t.deepEqual(c.effects.at(-1), { kind: 'copy', text });
  t.true(c.text.includes(text));
  c.keys('e', 'y');
  const explain = 'mqadmin consumer explain mailer --stuck-after 30s --context prod-east';
  t.deepEqual(c.effects.at(-1), { kind: 'copy', text: explain });
});

test('t tails the topic of the row, and follows its end until a row is chosen', (t) => {
  const c = new TestConsole().samples(sample(0)).keys('t');
  t.regex(c.text, / orders > tail/);
  const tailed = (at: number) => ({
    kind: 'tailed' as const,
    key: 'tail\norders',
    messages: [message(at, `body-${at}`)],
    atMs: START_MS,
  });
  c.send(tailed(1), tailed(2));
  t.is(c.selected, 'body-2');
  c.keys('up').send(tailed(3));
  t.is(c.selected, 'body-1');
  c.keys('end').send(tailed(4));
  t.is(c.selected, 'body-4');
});

test('a write opens a panel with Cancel focused, and is applied only after the name was typed', (t) => {
  const c = new TestConsole().samples(sample(0));
  c.keys('R').type('@-1h').keys('enter');
  const write = { kind: 'reset', group: 'mailer', topic: 'orders', position: '@-1h' } as const;
  t.deepEqual(c.effects, [{ kind: 'plan', write }]);
  const panel = c.state.panel;
  if (panel === null) return t.fail('no panel');
  c.send({
    kind: 'planned',
    write: panel.write,
    plan: { summary: '1 queue, 12 waiting -> 0 waiting', lines: [{ text: 'broker-a/3 SKIPS 12', isBad: true }] },
  });
  t.regex(c.text, /\[ Cancel \]/);
  t.regex(c.text, /SKIPS 12/);
  c.keys('tab', 'enter');
  t.regex(c.text, /type mailer first/);
  t.is(c.effects.length, 1);
  c.type('mailer').keys('enter');
  t.is(c.effects.at(-1)?.kind, 'apply');
  c.send({ kind: 'applied', write: panel.write, text: 'done: 1 queue', isBad: false });
  t.regex(c.text, /done: 1 queue/);
  c.keys('enter');
  t.is(c.state.panel, null);
});

test('enter in a panel that was just opened cancels', (t) => {
  const c = new TestConsole().samples(sample(0)).keys('K', 'enter');
  t.is(c.state.panel, null);
  t.deepEqual(
    c.effects.map(({ kind }) => kind),
    ['plan'],
  );
  t.regex(c.text, /cancelled: nothing was changed/);
});

test('a read-only or protected context refuses writes, in words', (t) => {
  const cluster = { ...CLUSTER, refusesWrites: 'context prod-east is read-only' };
  for (const key of ['R', 'K']) {
    const c = new TestConsole({ cluster }).samples(sample(0)).keys(key);
    t.regex(c.text, /not permitted: context prod-east is read-only/);
    t.deepEqual(c.effects, []);
    t.is(c.state.panel, null);
  }
});

test('no single key changes anything on the cluster', (t) => {
  for (const code of Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))) {
    const c = new TestConsole().samples(sample(0)).keys(code === ' ' ? 'space' : code);
    t.false(
      c.effects.some(({ kind }) => kind === 'apply'),
      code,
    );
  }
});

test('another cluster starts from nothing', (t) => {
  const c = new TestConsole().samples(sample(0)).keys('enter');
  c.send({ kind: 'cluster', cluster: { ...CLUSTER, title: 'prod-west' } });
  t.regex(c.text, /prod-west {2}waiting for the first answer/);
  t.is(c.state.levels.length, 1);
});

test('system and retry topics are shown when asked for', (t) => {
  const topics = [
    topic(),
    topic({ topic: '%RETRY%mailer', kind: 'retry' }),
    topic({ topic: '%DLQ%mailer', kind: 'dlq' }),
  ];
  const c = new TestConsole().samples(sample(0, { topics })).keys('2');
  t.deepEqual(c.rows.toSorted(), ['%DLQ%mailer', 'orders']);
  c.keys('a');
  t.deepEqual(c.rows.toSorted(), ['%DLQ%mailer', '%RETRY%mailer', 'orders']);
});
