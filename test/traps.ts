/**
 * What is most often wrong in a naive broker, name server or client, each with the tests that fail then. A test that is
 * renamed has to be renamed here, too.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const PULL = 'broker/processors/pull-message.ts';
const SEND = 'broker/processors/send-message.ts';
const BACK = 'broker/processors/send-back.ts';
const OFFSETS = 'broker/processors/consumer-manage.ts';
const PUSH = 'client/push-consumer.ts';
const REGISTRATION = 'namesrv/scenario/registration.txt';

const TRAPS: Readonly<Record<string, readonly (readonly [file: string, title: string])[]>> = {
  'a woken long poll is answered whatever it finds': [
    [PULL, 'a held pull whose time is up is answered with 19 and not held again'],
    [PULL, 'a held pull is answered by the next message'],
  ],
  'the next offset is past the last scanned message': [
    [PULL, 'the next offset is past the last message scanned, filtered ones included'],
  ],
  'offset corrections: 19 at the end, 21 outside': [
    [PULL, 'offsets outside the queue are corrected'],
    [PULL, 'NO_MATCHED_LOGIC_QUEUE'],
    [PULL, 'OFFSET_OVERFLOW_ONE'],
  ],
  'a group without an offset': [
    [OFFSETS, 'a new group on a small queue starts at 0, whatever it wishes'],
    [OFFSETS, 'a new group on an empty queue has to decide for itself'],
    [OFFSETS, 'who does not want 0 is told so'],
  ],
  'offset ids and unique keys': [
    [SEND, 'the answer names queue, offset, offset id and unique key, and carries region and trace switch'],
    [SEND, 'a batch becomes messages of consecutive offsets with joined ids'],
    ['client/producer.ts', 'a batch is one request; its result names every message'],
  ],
  'tags are compared by hash at the broker, to the letter by the client': [
    [PULL, 'tags are compared by their hash: equal hashes pass'],
    ['client/pull-kernel.ts', 'messages whose tag only has the same hash are left out'],
  ],
  'limits of retries': [
    [BACK, 'a message that was retried often enough is a dead letter'],
    [BACK, 'each retry waits one level longer, and an asked level counts'],
    [BACK, 'a negative level is a dead letter at once'],
    [BACK, 'the first id survives further retries'],
    [SEND, 'a retry message beyond the limit goes to the dead letters'],
  ],
  'creation after TBW102': [
    ['broker/topic-table.ts', 'a topic is created after TBW102 with the smaller number of queues'],
    ['broker/topic-table.ts', 'retry topics are created whatever autoCreateTopicEnable says'],
    ['client/producer.ts', 'an unknown topic is sent by the route of TBW102'],
  ],
  'properties of delayed and committed messages': [
    ['broker/schedule-service.ts', 'the delivered message still shows its delay but is not delayed again'],
    ['broker/transaction-service.ts', 'a delayed transaction is delayed when it commits, not before'],
  ],
  'half messages are stored anew before each check': [
    ['broker/transaction-service.ts', 'a silent producer is asked with the new place of its half message'],
    ['broker/transaction-service.ts', 'an undecided end is not answered'],
    ['broker/transaction-service.ts', 'ends are noted together after three seconds'],
  ],
  'quoted keys in routes': [
    [
      'namesrv/name-server.ts',
      'routes are standard JSON for callers since 4.9.4 and on request, else as fastjson writes',
    ],
  ],
  'wiped write permission': [
    [REGISTRATION, 'a wiped write permission survives unchanged registrations and ends with the first changed one'],
    [REGISTRATION, 'adding the write permission sets exactly read and write'],
    [SEND, 'write permission of the topic is not asked for'],
  ],
  'data versions of registrations': [
    [REGISTRATION, 'queue data changes only with the data version'],
    [REGISTRATION, 'a missing topic is added whatever the version says'],
    [REGISTRATION, 'a topic absent from a registration stays'],
  ],
  'heartbeats replace the subscriptions of the group': [
    ['broker/client-groups.ts', 'topics that a heartbeat does not name are removed, whoever subscribed to them'],
    ['broker/client-groups.ts', 'a newer subVersion replaces the subscription silently'],
    ['broker/client-groups.ts', 'a new member is told to all members, itself included'],
    ['broker/processors/client-manage.ts', 'a lost connection is announced at once to those who stay'],
  ],
  'a reset waits for the next pull': [
    [PULL, 'a reset offset is handed to the next pull and outlives the offset that comes with it'],
    [OFFSETS, 'commits are ignored while a reset waits for its pull'],
    ['broker/processors/consumer-offset-admin.ts', 'a reset to the end works for an offline group'],
  ],
  'limits of one transfer': [[PULL, 'one message is returned whatever its size, and a batch stops at 256 KiB']],
  'an illegal offset ends the assignment': [
    [PUSH, 'an illegal offset is corrected, committed and used by the queue when it is taken again'],
  ],
  'all members compute the same assignment': [
    ['client/allocate-strategy.ts', 'allocates as Java does'],
    [PUSH, 'a member that is not listed has no queues'],
    [PUSH, 'when the members cannot be listed everything stays as it is'],
  ],
  'leases of queues consumed in order': [
    ['broker/processors/lock-batch.ts', 'queues are leased for a minute, given back, and checked against nothing'],
    [SEND, 'while a group holds queue locks its retries are dead letters at once'],
  ],
  'commits that come with pulls': [
    [PULL, 'the offset that comes with a pull is committed, once and whatever the pull finds'],
    ['client/pull-kernel.ts', 'the next pull goes to the broker that was suggested, and commits nothing to a slave'],
    ['broker/consumer-offset-table.ts', 'a smaller offset replaces a greater one'],
  ],
  'codes of refusals': [
    ['broker/acl/acl.ts', 'senders are known by their signature and may do what their account says'],
    ['broker/broker.ts', 'a code that nobody serves is answered 3 with a leading blank'],
    [SEND, 'a negative queue id takes any queue'],
    [SEND, 'a queue id beyond the queues is refused with 29'],
  ],
};

for (const [trap, tests] of Object.entries(TRAPS)) {
  test(`tests are there for: ${trap}`, (t) => {
    for (const [file, title] of tests) {
      const text = readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8');
      t.true(text.includes(title), `${file}: ${title}`);
    }
  });
}
