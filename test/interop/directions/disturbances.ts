/**
 * Java's clients at our broker while something happens: consumers that join and leave under load, and a broker that is
 * killed in the middle of transactions. Nothing may be lost, and what RocketMQ promises about order holds.
 */
import type { JavaKind } from '../kit/artifacts.js';
import type { Playground } from '../kit/children.js';
import type { SeenMessage } from '../kit/peer.js';
import { makePeer } from '../kit/peers.js';
import type { Report } from '../kit/report.js';
import { BROKER_SETTINGS, type Servers } from '../kit/servers.js';
import { isWithin, type Received, Stage, uniqueName } from '../kit/stage.js';
import { must, mustEqual, waitFor } from '../kit/wait.js';

const KINDS: readonly JavaKind[] = ['java4', 'java5'];
const QUEUES = 4;
const MESSAGES_A_STEP = 200;
/**
 * A member that gives a queue away unlocks it 20 s later; if it has left by then nobody does, and the lock lives for 60 s
 * (RebalancePushImpl.java#unlockDelay of 4.9).
 */
const LIMIT_MS = 150_000;

/** One call of a listener. */
interface Delivery {
  readonly member: number;
  /** How often members had joined or left by then. */
  readonly change: number;
  readonly message: SeenMessage;
}

export async function disturbances(servers: Servers, playground: Playground, report: Report): Promise<void> {
  report.heading('disturbances');
  const namesrv = await servers.namesrv('ours');
  const storeDir = await playground.newFolder('store-disturbed');
  const options = { namesrvAddr: namesrv.addr, brokerName: 'broker-a', storeDir, settings: BROKER_SETTINGS };
  let broker = await servers.broker('ours', options);
  const restart = async () => {
    await broker.child.kill();
    const listenPort = broker.addr.slice(broker.addr.lastIndexOf(':') + 1);
    broker = await servers.broker('ours', { ...options, settings: { ...BROKER_SETTINGS, listenPort } });
  };
  const session = await servers.session(namesrv.addr);
  for (const kind of KINDS) {
    const peer = await makePeer(playground, kind, namesrv.addr);
    const onStage = (run: (stage: Stage) => Promise<void>) => async () => {
      const stage = new Stage(peer, session, [broker.addr]);
      try {
        await run(stage);
      } finally {
        await stage.close();
      }
    };
    const title = (what: string) => `${peer.name} to ours: ${what}`;
    for (const orderly of [false, true]) {
      const how = orderly ? 'orderly' : 'concurrent';
      const name = title(`${how} consumers join and leave under load`);
      await report.test(
        name,
        onStage((stage) => comeAndGo(stage, orderly)),
      );
    }
    await report.test(title('consumers retry and are reset while they join and leave'), onStage(retryAndReset));
    await report.test(
      title('a broker is killed in the middle of transactions'),
      onStage((stage) => transactions(stage, restart)),
    );
    await peer.end();
  }
  await session.close();
  for (const { child } of [broker, namesrv]) await child.kill();
}

async function comeAndGo(stage: Stage, orderly: boolean): Promise<void> {
  const topic = await stage.newTopic();
  const group = uniqueName('g');
  const producer = await stage.producer();
  const deliveries: Delivery[] = [];
  const members: Received[] = [];
  let change = 0;
  const join = async () => {
    change++;
    const member = members.length;
    const onMessage = (message: SeenMessage) => deliveries.push({ member, change, message });
    members.push(await stage.consume(topic, { group, orderly }, onMessage));
  };
  const leave = async (member: number) => {
    change++;
    await stage.leave(members[member] as Received);
  };
  let sent = 0;
  const load = async () => {
    const messages = Array.from({ length: MESSAGES_A_STEP }, () => ({ body: String(sent), shard: sent++ % QUEUES }));
    await producer.send(topic, 'sync', messages);
  };
  await join();
  for (const step of [join, join, () => leave(0), join, () => leave(1), () => leave(2)]) {
    await Promise.all([load(), step()]);
    await load();
  }
  const seen = () => new Set(deliveries.map(({ message }) => message.body));
  const wanted = Array.from({ length: sent }, (_, n) => String(n));
  await waitFor(
    () => `${sent} messages, ${seen().size} came`,
    () => isWithin(wanted, [...seen()]),
    LIMIT_MS,
  );
  for (let queueId = 0; queueId < QUEUES; queueId++) {
    const ofQueue = deliveries.filter(({ message }) => message.queueId === queueId);
    mustRepeatOnlyAfterChanges(ofQueue);
    if (orderly) mustFirstComeInOrder(ofQueue);
  }
}

/** The listener fails such a message once. */
const AGAIN = 'again';
const EACH_AGAIN = 10;
/**
 * A member that gives its queue away takes the reset of that queue with it, and commits what it had before: Apache's
 * broker, too, tells one pull (PullMessageProcessor.java, queryThenEraseResetOffset), and clients of 4.9 need ten seconds
 * to do as told (DefaultMQPushConsumerImpl.java). The second reset meets members that stay.
 */
const RESETS = 3;
const RESET_LIMIT_MS = 40_000;

/** Three members, of which one leaves; what fails comes again, and after a reset to the beginning everything does. */
async function retryAndReset(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const group = uniqueName('g');
  const producer = await stage.producer();
  const deliveries: Delivery[] = [];
  const members: Received[] = [];
  let change = 0;
  const join = async () => {
    change++;
    const member = members.length;
    const onMessage = (message: SeenMessage) => deliveries.push({ member, change, message });
    members.push(await stage.consume(topic, { group, failTimes: 1, failBody: AGAIN }, onMessage));
  };
  const sent = new Set<string>();
  const failing = new Set<string>();
  const load = async () => {
    const messages = Array.from({ length: MESSAGES_A_STEP }, (_, n) => ({
      body: n % EACH_AGAIN === 0 ? AGAIN : String(sent.size + n),
      shard: n % QUEUES,
    }));
    const results = await producer.send(topic, 'sync', messages);
    for (const [n, { msgId }] of results.entries()) {
      sent.add(msgId);
      if (n % EACH_AGAIN === 0) failing.add(msgId);
    }
  };
  const missing = (wanted: ReadonlySet<string>, seen: readonly Delivery[]) => {
    const came = new Set(seen.map(({ message }) => message.msgId));
    return [...wanted].filter((msgId) => !came.has(msgId)).length;
  };
  const allCome = (what: string, wanted: ReadonlySet<string>, seen: () => readonly Delivery[], limitMs = LIMIT_MS) =>
    waitFor(
      () => `${what}: ${missing(wanted, seen())} of ${wanted.size} are missing`,
      () => missing(wanted, seen()) === 0,
      limitMs,
    );
  await join();
  for (const step of [join, join, () => stage.leave(members[0] as Received)]) await Promise.all([load(), step()]);
  await allCome('all messages', sent, () => deliveries);
  await allCome('those that failed, again', failing, () => deliveries.filter(isRetry));
  for (let queueId = 0; queueId < QUEUES; queueId++) {
    mustRepeatOnlyAfterChanges(deliveries.filter((one) => !isRetry(one) && one.message.queueId === queueId));
  }
  const old = new Set(sent);
  for (let left = RESETS; left > 0; left--) {
    const before = deliveries.length;
    const again = () => deliveries.slice(before).filter((one) => !isRetry(one));
    change++;
    await Promise.all([load(), stage.resetOffset(topic, group, 0)]);
    await Promise.all(left === RESETS ? [load(), join()] : [load()]);
    const isDone = await allCome('all messages after the reset', old, again, RESET_LIMIT_MS).catch((error) => {
      if (left === 1) throw error;
      return null;
    });
    if (isDone !== null) break;
  }
  await allCome('all messages', sent, () => deliveries);
}

const isRetry = ({ message }: Delivery) => message.reconsumeTimes > 0;

/** A message comes twice only when its queue may have changed hands in between. */
function mustRepeatOnlyAfterChanges(deliveries: readonly Delivery[]): void {
  const last = new Map<number, { delivery: Delivery; place: number }>();
  deliveries.forEach((delivery, place) => {
    const before = last.get(delivery.message.queueOffset);
    last.set(delivery.message.queueOffset, { delivery, place });
    if (before === undefined || before.delivery.member !== delivery.member) return;
    const others = deliveries.slice(before.place, place).some(({ member }) => member !== delivery.member);
    const { queueId, queueOffset } = delivery.message;
    must(others || before.delivery.change !== delivery.change, `${queueId}@${queueOffset} came twice to one member`);
  });
}

/** Messages that come again aside, each comes after the one before it. */
function mustFirstComeInOrder(deliveries: readonly Delivery[]): void {
  let next = 0;
  for (const { message } of deliveries) {
    must(message.queueOffset <= next, `queue ${message.queueId}: ${message.queueOffset} came before ${next}`);
    if (message.queueOffset === next) next++;
  }
}

async function transactions(stage: Stage, restart: () => Promise<void>): Promise<void> {
  const topic = await stage.newTopic();
  const producer = await stage.producer({ transactional: true });
  const received = await stage.consume(topic);
  let sent = 0;
  const committed: string[] = [];
  const send = async (count: number) => {
    const verdicts = ['commit commit', 'unknown commit', 'rollback rollback', 'unknown rollback'];
    const bodies = Array.from({ length: count }, () => `${verdicts[sent % verdicts.length]} ${sent++}`);
    await producer.send(
      topic,
      'transaction',
      bodies.map((body) => ({ body })),
    );
    committed.push(...bodies.filter((body) => body.split(' ')[1] === 'commit'));
  };
  await send(40);
  await restart();
  await send(12);
  await waitFor(
    () => `${committed.length} commits, ${new Set(received.bodies).size} came`,
    () => isWithin(committed, received.bodies),
  );
  const uncommitted = received.bodies.filter((body) => !committed.includes(body));
  mustEqual('rolled back, but delivered', uncommitted, []);
}
