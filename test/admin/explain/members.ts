/** Rules about members, each on a group that is really so. */
import test from 'ava';
import { type ExplainWorld, startExplainWorld, until } from '../../helper/explain.js';

let world: ExplainWorld;
test.before(async () => {
  world = await startExplainWorld();
});
test.after.always(() => world?.stop());

/** A started member that consumes all it gets. */
async function member(group: string, subscriptions: Record<string, string>) {
  const consumer = world.consumer({ group });
  for (const [topic, expression] of Object.entries(subscriptions)) consumer.subscribe(topic, expression);
  consumer.registerMessageListenerConcurrently(() => 'CONSUME_SUCCESS');
  await consumer.start();
  return consumer;
}

test('a group that consumes all is healthy', async (t) => {
  await world.createTopic('fine', 2);
  const consumer = await member('fine-g', { fine: '*' });
  await world.send('fine', 6);
  await until(async () => {
    const { verdict, lag, queues } = await world.explain('fine-g', { stuckAfterMs: 60_000 });
    return verdict.state === 'healthy' && lag === 0 && queues.every(({ committedOffset }) => committedOffset === 3);
  });
  const explanation = await world.explain('fine-g', { stuckAfterMs: 60_000 });
  t.deepEqual(explanation.findings, []);
  t.true(explanation.complete);
  t.is(explanation.clients[0]?.clientId, consumer.clientId);
  t.deepEqual(explanation.clients[0]?.subscriptions, { fine: 'TAG *' });
  t.deepEqual(
    explanation.queues.map(({ committedOffset, owners }) => [committedOffset, owners[0]]),
    [
      [3, consumer.clientId],
      [3, consumer.clientId],
    ],
  );
});

test('members that subscribe to different things are told, with who wants what', async (t) => {
  await world.createTopic('mixed', 2);
  const a = await member('mixed-g', { mixed: 'A' });
  const b = await member('mixed-g', { mixed: 'B' });
  const { findings, verdict, next } = await world.untilFound('mixed-g', 'mixed-subscriptions');
  const finding = findings.find(({ rule }) => rule === 'mixed-subscriptions');
  t.deepEqual(finding?.clients.toSorted(), [a.clientId, b.clientId].sort());
  t.true(finding?.evidence.includes(`${a.clientId}: mixed TAG A`));
  t.true(finding?.evidence.includes(`${b.clientId}: mixed TAG B`));
  t.is(verdict.state, 'losing');
  t.true(next.some(({ command }) => command === 'mqadmin consumer status mixed-g --json'));
});

test('a queue that falls to a member which does not read its topic has no owner', async (t) => {
  await world.createTopic('left', 2);
  await world.createTopic('right', 2);
  const left = await member('split-g', { left: '*' });
  await member('split-g', { right: '*' });
  await until(() => left.assignment.filter(({ topic }) => topic === 'left').length === 1);
  await world.send('left', 4);
  const { findings } = await world.untilFound('split-g', 'queue-without-owner');
  const finding = findings.find(({ rule }) => rule === 'queue-without-owner');
  t.is(finding?.severity, 'problem');
  t.deepEqual(finding?.queues.map(({ topic }) => topic).toSorted(), ['left', 'right']);
  t.regex(finding?.evidence.join('\n') ?? '', /does not subscribe to left but counts/);
});

test('members beyond the number of queues are idle', async (t) => {
  await world.createTopic('narrow', 1);
  const both = [await member('narrow-g', { narrow: '*' }), await member('narrow-g', { narrow: '*' })];
  const ids = both.map(({ clientId }) => clientId);
  await until(() => both.filter(({ assignment }) => assignment.some(({ topic }) => topic === 'narrow')).length === 1);
  const { findings } = await world.untilFound('narrow-g', 'more-clients-than-queues');
  const finding = findings.find(({ rule }) => rule === 'more-clients-than-queues');
  t.is(finding?.severity, 'warning');
  t.true(finding?.clients.length === 1 && ids.includes(finding.clients[0] as string));
  t.regex(finding?.title ?? '', /^2 members share 1 queue of narrow/);
});

test('a group that nobody is connected of waits', async (t) => {
  await world.createTopic('alone', 1);
  await world.send('alone', 3);
  await world.commit('alone-g', 'alone', [1]);
  const { verdict, findings } = await world.explain('alone-g');
  t.deepEqual(verdict, { state: 'offline', text: 'nobody of the group is connected, and 2 messages wait' });
  t.like(findings[0], { rule: 'no-members', severity: 'problem' });
});

test('a group that no broker knows is not found', async (t) => {
  await t.throwsAsync(world.explain('nobody-knows'), { code: 'NOT_FOUND', message: /no broker knows/ });
});
