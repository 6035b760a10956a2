/**
 * Runs the scenarios of scenario/*.txt against the route tables: a command, a line `----`, what it must print, an
 * empty line. Time moves by `advance` only. What the words mean is in `commands` below.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import fc from 'fast-check';
import { createNamesrvConfig, updateNamesrvConfig } from '../../src/namesrv/namesrv-config.js';
import { type BrokerRegistration, DEFAULT_ROUTE_LIMITS, RouteInfo } from '../../src/namesrv/route-info.js';
import { permText, type TopicConfig } from '../../src/protocol/topic-config.js';
import { ManualClock } from '../helper/manual-clock.js';

type Args = Record<string, string>;

/** `T:8/4:6:1` = 8 read and 4 write queues, perm 6, sys flag 1; `T` = 4/4, 6, 0. */
function topicConfig(text: string): TopicConfig {
  const [topicName = '', queues = '4/4', perm = '6', topicSysFlag = '0'] = text.split(':');
  const [readQueueNums, writeQueueNums] = queues.split('/').map(Number) as [number, number];
  return {
    topicName,
    readQueueNums,
    writeQueueNums,
    perm: Number(perm),
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: Number(topicSysFlag),
    order: false,
    attributes: {},
  };
}

/** `register a id=1 ...`; unless given: cluster c1, address `name-id`, connection 1, data version 1. */
function registration(name: string, args: Args): BrokerRegistration {
  const { cluster = 'c1', id = '0', addr = `${name}-${id}`, topics = '', version = '1', state = '0', maps = '' } = args;
  return {
    clusterName: cluster,
    brokerAddr: addr,
    brokerName: name,
    brokerId: Number(id),
    haServerAddr: args.ha ?? null,
    zoneName: args.zone ?? null,
    heartbeatTimeoutMs: args.timeout === undefined ? null : Number(args.timeout),
    enableActingMaster: args.acting === undefined ? null : args.acting === 'true',
    topics: topics === '' ? [] : topics.split(',').map(topicConfig),
    dataVersion: { counter: Number(version), timestamp: 0, stateVersion: Number(state) },
    queueMappings: (maps === '' ? [] : maps.split(',')).map((topic) => ({
      topic,
      scope: '__global__',
      totalQueues: 1,
      bname: args.bname ?? name,
      epoch: 1,
      dirty: false,
      currIdMap: new Map([[0, 0]]),
    })),
    filterServers: args.filters === undefined ? null : args.filters === '' ? [] : args.filters.split(','),
    connectionId: Number(args.conn ?? 1),
  };
}

function addrs(brokerAddrs: ReadonlyMap<number, string>): string {
  return [...brokerAddrs]
    .sort(([a], [b]) => a - b)
    .map(([id, addr]) => `${id}=${addr}`)
    .join(' ');
}

class World {
  readonly clock = new ManualClock();
  readonly config = createNamesrvConfig();
  routes = new RouteInfo(this.config);

  run(line: string): string {
    const [command = '', ...words] = line.split(/ +/);
    const names = words.filter((word) => !word.includes('='));
    const args: Args = Object.fromEntries(words.filter((word) => word.includes('=')).map((word) => word.split('=', 2)));
    const handler = this.commands[command];
    if (!handler) throw new Error(`no command ${command}`);
    return handler(names[0] ?? '', args, names) || 'ok';
  }

  readonly commands: Record<string, (name: string, args: Args, names: string[]) => string | undefined> = {
    config: (_name, args) => updateNamesrvConfig(this.config, args).join(' '),
    limits: (_name, args) => {
      const limits = Object.fromEntries(Object.entries(args).map(([key, value]) => [key, Number(value)]));
      this.routes = new RouteInfo(this.config, { ...DEFAULT_ROUTE_LIMITS, ...limits });
      return undefined;
    },
    register: (name, args) => {
      const outcome = this.routes.registerBroker(registration(name, args), this.clock.now());
      if (outcome.kind !== 'registered')
        return outcome.kind === 'refused' ? `refused: ${outcome.remark}` : outcome.kind;
      return [
        outcome.isNew ? 'registered, new' : 'registered',
        ...(outcome.masterAddr ? [`master ${outcome.masterAddr} ha ${outcome.haServerAddr}`] : []),
        ...outcome.notifications.map(notification),
      ].join('\n');
    },
    unregister: (name, args) => {
      const { clusterName, brokerAddr } = registration(name, args);
      const request = { clusterName, brokerAddr, brokerName: name, connectionId: null };
      return this.routes.submitUnregistration(request) ? 'queued' : 'queue full';
    },
    close: (_name, { conn }) => {
      this.routes.connectionClosed(Number(conn));
      return `waiting ${this.routes.waitingUnregistrations}`;
    },
    drain: () => {
      const { removed, notifications } = this.routes.drainUnregistrations();
      return [...removed.map((member) => `removed ${member.brokerAddr}`), ...notifications.map(notification)].join(
        '\n',
      );
    },
    advance: (seconds) => {
      this.clock.advance(Number(seconds) * 1000);
      return undefined;
    },
    scan: () =>
      this.routes
        .scanNotActiveBroker(this.clock.now())
        .map((member) => `expired ${member.brokerAddr} on connection ${member.connectionId}`)
        .join('\n') || 'none expired',
    heartbeat: (name, args) => {
      const { clusterName, brokerAddr } = registration(name, args);
      this.routes.heartbeat(clusterName, brokerAddr, this.clock.now());
      return undefined;
    },
    version: (name, args) => {
      const { clusterName, brokerAddr, dataVersion } = registration(name, args);
      const stored = this.routes.dataVersionOf(clusterName, brokerAddr);
      const changed = this.routes.isBrokerTopicConfigChanged(clusterName, brokerAddr, dataVersion);
      return `stored ${stored ? stored.counter : 'none'} changed ${changed}`;
    },
    route: (topic) => {
      const route = this.routes.pickupTopicRouteData(topic);
      if (!route) return 'no route';
      return [
        ...route.brokerDatas.map((group) => {
          const queues = route.queueDatas.find((queueData) => queueData.brokerName === group.brokerName);
          const detail = queues ? `${queues.readQueueNums}/${queues.writeQueueNums} ${permText(queues.perm)}` : 'none';
          return `${group.brokerName} ${detail} ${addrs(group.brokerAddrs)}${group.zoneName ? ` zone ${group.zoneName}` : ''}`;
        }),
        ...Object.entries(route.filterServerTable).map(([addr, servers]) => `filter ${addr}: ${servers.join(' ')}`),
        ...Object.keys(route.topicQueueMappingByBroker ?? {}).map((brokerName) => `mapping of ${brokerName}`),
      ].join('\n');
    },
    clusters: () => {
      const { brokerAddrTable, clusterAddrTable } = this.routes.clusterInfo();
      return (
        [
          ...Object.entries(clusterAddrTable).map(([cluster, brokerNames]) => `${cluster}: ${brokerNames.join(' ')}`),
          ...Object.values(brokerAddrTable).map(
            (group) => `${group.brokerName} of ${group.cluster}: ${addrs(group.brokerAddrs)}`,
          ),
        ].join('\n') || 'nothing'
      );
    },
    members: (name) => addrs(this.routes.brokerMemberGroup('c1', name).brokerAddrs) || 'none',
    topics: (kind, _args, names) => {
      const lists = {
        all: () => this.routes.allTopics(),
        cluster: () => this.routes.topicsByCluster(names[1] ?? ''),
        system: () => this.routes.systemTopics(),
        unit: () => this.routes.unitTopics(),
        unitsub: () => this.routes.hasUnitSubTopics(),
        unitsubonly: () => this.routes.hasUnitSubUnUnitTopics(),
      };
      const list = lists[kind as keyof typeof lists]();
      return [list.topicList.join(' ') || 'none', ...(list.brokerAddr ? [`ask ${list.brokerAddr}`] : [])].join('\n');
    },
    wipe: (name) => `${this.routes.wipeWritePerm(name)} topics`,
    addwrite: (name) => `${this.routes.addWritePerm(name)} topics`,
    delete: (topic, { cluster }) => {
      this.routes.deleteTopic(topic, cluster ?? null);
      return undefined;
    },
    addtopic: (topic, _args, names) => {
      const { readQueueNums, writeQueueNums, perm, topicSysFlag, topicName } = topicConfig(topic);
      const queues = { readQueueNums, writeQueueNums, perm, topicSysFlag };
      return (
        this.routes.registerTopic(
          topicName,
          names.slice(1).map((brokerName) => ({ brokerName, ...queues })),
        ) ?? ''
      );
    },
    sizes: () => {
      const { topics, queueEntries, brokers } = this.routes.sizes();
      return `${topics} topics ${queueEntries} entries ${brokers} brokers`;
    },
  };
}

function notification(n: {
  brokerName: string;
  notifyAddrs: readonly string[];
  minBrokerId: number;
  minBrokerAddr: string;
  offlineBrokerAddr: string | null;
  haBrokerAddr: string | null;
}): string {
  const to = n.notifyAddrs.join(' ');
  return `notify ${to}: min ${n.minBrokerId}=${n.minBrokerAddr} offline ${n.offlineBrokerAddr} ha ${n.haBrokerAddr}`;
}

const folder = fileURLToPath(new URL('scenario/', import.meta.url));
for (const file of readdirSync(folder).sort()) {
  for (const [index, part] of readFileSync(`${folder}${file}`, 'utf8')
    .split(/^# scenario: /m)
    .entries()) {
    if (index === 0) continue;
    const title = part.slice(0, part.indexOf('\n'));
    test(`${file.replace('.txt', '')}: ${title}`, (t) => {
      const world = new World();
      const steps = part
        .slice(title.length)
        .split(/\n\n+/)
        .map((step) => step.trim());
      for (const step of steps.filter((text) => text !== '')) {
        const [input = '', expected] = step.split('\n----\n');
        const lines = input.split('\n').filter((line) => !line.startsWith('#'));
        const output = lines.map((line) => world.run(line));
        if (expected === undefined) {
          t.fail(`no expected output after: ${input}`);
          return;
        }
        t.is(output[output.length - 1], expected, `${file}, ${title}: ${lines[lines.length - 1]}`);
      }
    });
  }
}

test('garbage never breaks the tables: what is registered can always be removed', (t) => {
  const name = fc.constantFrom('a', 'b');
  const addr = fc.constantFrom('x:1', 'y:1', 'z:1');
  const cluster = fc.constantFrom('c1', 'c2');
  const id = fc.integer({ min: 0, max: 3 });
  const step = fc.oneof(
    fc.record({ op: fc.constant('register'), name, addr, cluster, id, acting: fc.boolean(), state: fc.nat(2) }),
    fc.record({ op: fc.constant('unregister'), name, addr, cluster, id }),
    fc.record({ op: fc.constant('close'), name, addr, cluster, id }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const world = new World();
      world.config.notifyMinBrokerIdChanged = true;
      for (const { op, ...s } of steps) {
        const where = `${s.name} cluster=${s.cluster} id=${s.id} addr=${s.addr}`;
        const acting = 'acting' in s ? ` acting=${s.acting} state=${s.state}` : '';
        if (op === 'register')
          world.run(`register ${where}${acting} conn=${s.addr.charCodeAt(0)} topics=T1,T2,${s.name}`);
        else if (op === 'unregister') world.run(`unregister ${where}`);
        else world.run(`close conn=${s.addr.charCodeAt(0)}`);
        world.routes.drainUnregistrations();
        const { brokerAddrTable, clusterAddrTable } = world.routes.clusterInfo();
        const bound = Object.values(brokerAddrTable).flatMap((group) => [...group.brokerAddrs.values()]);
        t.is(world.routes.sizes().brokers, bound.length, 'every live broker is bound once');
        t.deepEqual(
          [...new Set(Object.values(clusterAddrTable).flat())].sort(),
          Object.keys(brokerAddrTable).sort(),
          'clusters name exactly the groups',
        );
        t.true(Object.values(brokerAddrTable).every((group) => group.brokerAddrs.size > 0));
        for (const topic of world.routes.allTopics().topicList) t.truthy(world.routes.pickupTopicRouteData(topic));
      }
      for (const conn of ['x', 'y', 'z']) world.run(`close conn=${conn.charCodeAt(0)}`);
      world.routes.drainUnregistrations();
      t.deepEqual(world.routes.sizes(), { topics: 0, queueEntries: 0, brokers: 0 });
      t.is(world.run('clusters'), 'nothing');
    }),
  );
});
