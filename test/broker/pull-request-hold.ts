import test from 'ava';
import { type HeldPull, PullRequestHold } from '../../src/broker/pull-request-hold.js';

const NOW = 1_700_000_000_000;

interface Waiting extends HeldPull {
  woken: number;
}

function waiting(overrides: Partial<HeldPull> = {}): Waiting {
  const pull: Waiting = {
    topic: 'T',
    queueId: 0,
    queueOffset: 10,
    expiresAtMs: NOW + 15_000,
    filter: null,
    takes: null,
    owner: {},
    woken: 0,
    wake: () => {
      pull.woken++;
    },
    ...overrides,
  };
  return pull;
}

test('a message beyond the asked offset wakes a pull, once', (t) => {
  const hold = new PullRequestHold();
  const pull = waiting();
  hold.hold(pull);
  t.is(hold.arrived('T', 0, 10, null, NOW), 0, 'the queue ends where the pull waits');
  t.is(hold.arrived('T', 0, 11, null, NOW), 1);
  t.is(hold.arrived('T', 0, 12, null, NOW), 0);
  t.is(pull.woken, 1);
  t.is(hold.size, 0);
});

test('messages of other queues and topics wake nobody', (t) => {
  const hold = new PullRequestHold();
  const pull = waiting();
  hold.hold(pull);
  hold.arrived('T', 1, 100, null, NOW);
  hold.arrived('T2', 0, 100, null, NOW);
  t.is(pull.woken, 0);
});

test('a message that the filter does not want leaves the pull waiting', (t) => {
  const hold = new PullRequestHold();
  const pull = waiting({ filter: (tagsCode) => tagsCode === 65 });
  hold.hold(pull);
  hold.arrived('T', 0, 11, 66, NOW);
  t.is(pull.woken, 0);
  hold.arrived('T', 0, 12, 65, NOW);
  t.is(pull.woken, 1);
});

test('several new messages of unknown tags wake a filtering pull, too', (t) => {
  const hold = new PullRequestHold();
  const pull = waiting({ filter: () => false });
  hold.hold(pull);
  hold.arrived('T', 0, 12, null, NOW);
  t.is(pull.woken, 1);
});

test('time alone wakes a pull at the next look, not before', (t) => {
  const hold = new PullRequestHold();
  const pull = waiting();
  hold.hold(pull);
  hold.check(NOW + 14_999, () => 10);
  t.is(pull.woken, 0);
  hold.check(NOW + 15_000, () => 10);
  t.is(pull.woken, 1);
});

test('an arrival that does not match still ends a pull whose time is up', (t) => {
  const hold = new PullRequestHold();
  const pull = waiting({ filter: () => false });
  hold.hold(pull);
  hold.arrived('T', 0, 11, 1, NOW + 15_000);
  t.is(pull.woken, 1);
});

test('the periodic look wakes pulls that missed an arrival, whatever they filter', (t) => {
  const hold = new PullRequestHold();
  const pull = waiting({ filter: () => false });
  hold.hold(pull);
  hold.check(NOW, (topic, queueId) => (topic === 'T' && queueId === 0 ? 11 : 0));
  t.is(pull.woken, 1);
});

test('pulls of a closed connection are forgotten without an answer', (t) => {
  const hold = new PullRequestHold();
  const owner = {};
  const gone = waiting({ owner });
  const kept = waiting();
  hold.hold(gone);
  hold.hold(kept);
  hold.drop(owner);
  t.is(hold.size, 1);
  hold.releaseAll();
  t.is(gone.woken, 0);
  t.is(kept.woken, 1);
  t.is(hold.size, 0);
});

test('a pull that is held again while it is being woken waits for the next message', (t) => {
  const hold = new PullRequestHold();
  const second = waiting({ queueOffset: 11 });
  const first = waiting({ wake: () => hold.hold(second) });
  hold.hold(first);
  hold.arrived('T', 0, 11, null, NOW);
  t.is(second.woken, 0);
  t.is(hold.size, 1);
  hold.arrived('T', 0, 12, null, NOW);
  t.is(second.woken, 1);
});
