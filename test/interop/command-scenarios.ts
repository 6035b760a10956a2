/** What our commands do besides sending and reading, as an operator types it. */
import { type Stage, uniqueName } from './kit/stage.js';
import { must, mustEqual, waitFor } from './kit/wait.js';
import type { Scenario } from './scenarios.js';

interface Brokers {
  readonly brokers: ReadonlyArray<Readonly<Record<string, unknown>>>;
}

async function topics(stage: Stage): Promise<void> {
  const { commands } = stage;
  const topic = uniqueName('t');
  await commands.json('topic', 'create', topic, '-r', '2', '-w', '2');
  await stage.routed(topic);
  await commands.json('message', 'send', topic, '--body', 'one');
  const { messages } = await commands.json<{ messages: number }>('topic', 'status', topic);
  mustEqual('messages', messages, 1);
  const list = await commands.json<{ topics: Array<{ topic: string }> }>('topic', 'list');
  must(
    list.topics.some((one) => one.topic === topic),
    'the topic is listed',
  );
  await commands.json('topic', 'update', topic, '-r', '6', '-w', '6', '--yes');
  await waitFor('the new route', async () => {
    const { brokers } = await commands.json<Brokers>('topic', 'route', topic);
    return brokers.length === 1 && brokers[0]?.readQueueNums === 6;
  });
  await commands.json('topic', 'delete', topic, '--cluster', 'DefaultCluster', '--yes');
  await waitFor('the topic to go', async () => {
    const { topics: left } = await commands.json<{ topics: Array<{ topic: string }> }>('topic', 'list');
    return !left.some((one) => one.topic === topic);
  });
}

async function groups(stage: Stage): Promise<void> {
  const { commands } = stage;
  const topic = await stage.newTopic();
  await stage.fill(topic, 40, {}, stage.members);
  const group = uniqueName('g');
  await commands.json('consumer', 'create', group);
  await commands.json('consumer', 'update', group, '--retry-max', '3', '--yes');
  const received = await stage.consume(topic, { group });
  await waitFor('40 messages', () => received.messages.length >= 40);
  const members = await commands.run('consumer', 'connections', group, '--json');
  must(members.includes(received.client), `the member is among ${members}`);
  await stage.committed(topic, group);
  await waitFor('no lag', async () => {
    const { lag } = await commands.json<{ lag: number }>('consumer', 'progress', group, '--topic', topic);
    return lag === 0;
  });
  await stage.leave(received);
  await commands.json('consumer', 'delete', group, '--cluster', 'DefaultCluster', '--yes');
}

async function brokers(stage: Stage): Promise<void> {
  const { commands } = stage;
  const list = await commands.json<Brokers>('cluster', 'list');
  mustEqual('brokers', list.brokers.map(({ addr }) => addr).sort(), [...stage.brokerAddrs].sort());
  must(
    list.brokers.every(({ isActive, version }) => isActive !== false && typeof version === 'string'),
    'each is active, as far as it says so, and has a version',
  );
  for (const addr of stage.brokerAddrs) {
    const status = await commands.run('broker', 'status', '--broker', addr, '--json');
    must(status.includes('putMessageTimesTotal'), `the status of ${addr}`);
    const config = await commands.run('broker', 'get-config', '--broker', addr, '--json');
    must(config.includes('brokerName'), `the configuration of ${addr}`);
  }
  must((await commands.run('namesrv', 'get-config', '--json')).includes('kvConfigPath'), 'the name server');
}

async function producers(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const group = uniqueName('p');
  const producer = await stage.producer({ group }, stage.members);
  await producer.send(topic, 'sync', [{ body: 'one' }]);
  // A broker knows a producer from its next heartbeat on.
  await waitFor('the connection', () => stage.commands.run('producer', 'connections', group, '--topic', topic));
}

async function resend(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const [sent] = await stage.fill(topic, 1);
  const received = await stage.consume(topic, { group: uniqueName('g') });
  await waitFor('the message', () => received.messages.length === 1);
  await stage.commands.run('message', 'resend', sent?.offsetMsgId ?? '', '--topic', topic, '--yes');
  await waitFor('the message again', () => received.messages.length === 2);
  mustEqual('ids', new Set(received.messages.map(({ msgId }) => msgId)).size, 1);
}

async function push(stage: Stage): Promise<void> {
  const { commands } = stage;
  const topic = await stage.newTopic();
  const group = uniqueName('g');
  const [sent] = await stage.fill(topic, 1);
  const received = await stage.consume(topic, { group });
  await waitFor('the message', () => received.messages.length === 1);
  const connections = await commands.run('consumer', 'connections', group, '--json');
  const clientId = /"clientId": *"([^"]+)"/.exec(connections)?.[1] ?? '';
  const message = ['message', 'push', sent?.offsetMsgId ?? '', '--topic', topic];
  await commands.run(...message, '--group', group, '--client', clientId, '--yes');
  await waitFor('the message again', () => received.messages.length === 2);
}

/** Apache's names and flags. */
async function apacheNames(stage: Stage): Promise<void> {
  const { commands } = stage;
  const topic = uniqueName('t');
  const says = async (wanted: string, ...args: string[]) => {
    const text = await commands.run(...args);
    must(text.includes(wanted), `${args.join(' ')} says ${text.slice(0, 200)}`);
  };
  await says(topic, 'updateTopic', '-c', 'DefaultCluster', '-t', topic, '-r', '4', '-w', '4');
  await stage.routed(topic);
  await says('SEND_OK', 'sendMessage', '-t', topic, '-p', 'hello', '-k', 'key-1', '-c', 'A');
  await says(topic, 'topicList');
  await says('brokerDatas', 'topicRoute', '-t', topic);
  await says('broker-a', 'topicStatus', '-t', topic);
  await says('DefaultCluster', 'clusterList');
  await says('putTps', 'brokerStatus', '-b', stage.brokerAddrs[0] ?? '');
  await waitFor('the index', async () => {
    await says('#Message ID', 'queryMsgByKey', '-t', topic, '-k', 'key-1');
    return true;
  });
  const group = uniqueName('g');
  await says('success', 'updateSubGroup', '-c', 'DefaultCluster', '-g', group);
  const received = await stage.consume(topic, { group });
  await waitFor('the message', () => received.messages.length === 1);
  await says(topic, 'consumerProgress', '-g', group);
}

const OPERATORS = 'a scenario of operators';

/** A scenario that only commands play. */
function forCommands(name: string, run: Scenario['run']): Scenario {
  return { name, run, cannot: { java4: OPERATORS, java5: OPERATORS, go: OPERATORS, library: OPERATORS } };
}

export const COMMAND_SCENARIOS: readonly Scenario[] = [
  forCommands('command-topics', topics),
  forCommands('command-groups', groups),
  forCommands('command-brokers', brokers),
  forCommands('command-producers', producers),
  forCommands('command-resend', resend),
  forCommands('command-push', push),
  forCommands('command-apache-names', apacheNames),
];
