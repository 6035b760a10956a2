/** What the running console carries out: the plan on the screen, and no other. */
import test from 'ava';
import { Console } from '../../src/console/console.js';
import { encodeTopicConfigAndQueueMapping } from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { BROKER_A, clusterWire, fakeIo, fakeSession } from '../helper/cli.js';
import { CLUSTER, sample, topic } from '../helper/console-samples.js';

const topicConfig = (topicName: string) => ({
  topicName,
  readQueueNums: 2,
  writeQueueNums: 2,
  perm: 6,
  topicFilterType: 'SINGLE_TAG' as const,
  topicSysFlag: 0,
  order: false,
  attributes: {},
});

test('a plan that is ready after its panel was closed does not take the place of the one on the screen', async (t) => {
  let answerSlow = () => {};
  const late = new Promise<void>((resolve) => {
    answerSlow = resolve;
  });
  const wire = clusterWire()
    .on(RequestCode.GET_TOPIC_CONFIG, async (request) => {
      const name = request.extFields?.topic ?? '';
      if (name === 'slow') await late;
      return { body: encodeTopicConfigAndQueueMapping(topicConfig(name)) };
    })
    .on(RequestCode.UPDATE_AND_CREATE_TOPIC, () => ({}));
  const io = fakeIo();
  const session = fakeSession(wire, io);
  const connected = { session, cluster: CLUSTER };
  const console = new Console(
    {
      connected,
      clock: io.clock,
      intervalMs: 2000,
      contexts: [],
      openContext: async () => connected,
      parsePosition: () => ({ kind: 'end' }),
      saveSnapshot: async (name) => name,
      isAscii: true,
      view: 'topics',
    },
    { columns: 80, rows: 24, quit() {}, suspend() {}, redraw() {}, copy() {} },
  );
  const press = (...keys: string[]) => {
    for (const key of keys) console.store.dispatch({ kind: 'key', key });
  };
  const reached = (isThere: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => isThere() && resolve();
      console.store.subscribe(look);
      look();
    });
  const { store } = console;
  const topics = [topic({ topic: 'slow' }), topic({ topic: 'swift' })];
  store.dispatch({ kind: 'sample', sample: sample(0, { topics }) });
  press('/', ...'slow', 'enter', 'P', 'R', 'enter');
  t.is(store.state.panel?.name, 'slow');
  press('esc', '/', ...Array.from({ length: 4 }, () => 'backspace'), ...'swift', 'enter', 'P', 'R', 'enter');
  await reached(() => store.state.panel?.stage === 'ready');
  t.is(store.state.panel?.name, 'swift');

  answerSlow();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  press(...'swift', 'tab', 'enter');
  await reached(() => store.state.panel?.stage === 'done');

  const written = wire.of(RequestCode.UPDATE_AND_CREATE_TOPIC);
  t.deepEqual([...new Set(written.map(({ fields }) => fields.topic))], ['swift']);
  t.is(written[0]?.addr, BROKER_A);
  t.regex(store.state.panel?.outcome?.text ?? '', /swift/);
  await console.stop();
});
