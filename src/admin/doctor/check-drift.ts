import { counted } from '../../base/units.js';
import { isBrokerError } from '../../client/errors.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { someLines } from '../explain/finding.js';
import { failureOf } from '../failure.js';
import { FAN_OUT_LIMIT, mapBounded } from '../fan-out.js';
import type { AdminSession } from '../session.js';
import { type Check, check, groupBy } from './check.js';
import { type BrokerLook, brokerText, type ClusterLook } from './look.js';

/** What every broker has for itself. */
const OWN_KEYS =
  /^(?:brokerName|brokerId|brokerIP\d|listenPort|haListenPort|bindAddress|brokerRole|brokerConfigPath|rocketmqHome|store.*|.*(?:Path|Dir|Addr|Address|Host|Hostname))$/i;
/** Follows from the machine. */
const MACHINE_KEYS = /ThreadPool(?:Nums|QueueCapacity)|ThreadNums|Threads?Num$/;

/** Do brokers of a cluster have the same settings and topics, and do slaves follow? */
export async function checkDrift(session: AdminSession, look: ClusterLook): Promise<Check[]> {
  return [...settingsDrift(look), ...(await topicsDrift(session, look)), ...(await slaves(session, look))];
}

function settingsDrift({ brokers }: ClusterLook): Check[] {
  const area = 'drift';
  const byCluster = groupBy(
    brokers.filter(({ config }) => config !== null),
    ({ clusterName }) => clusterName,
  );
  return [...byCluster].flatMap(([cluster, all]): Check[] => {
    if (all.length < 2) return [];
    const keys = [...new Set(all.flatMap(({ config }) => Object.keys(config ?? {})))].sort();
    const lines = keys
      .filter((key) => !OWN_KEYS.test(key) && !MACHINE_KEYS.test(key))
      .flatMap((key) => {
        // A broker that lacks a key is of another make or version.
        const having = all.filter(({ config }) => config?.[key] !== undefined);
        const byValue = groupBy(having, ({ config }) => config?.[key] ?? '');
        if (byValue.size < 2) return [];
        return [
          `${key}: ${[...byValue].map(([value, some]) => `${value === '' ? '(empty)' : value} on ${some.map(({ brokerName }) => brokerName).join(', ')}`).join('; ')}`,
        ];
      });
    if (lines.length === 0)
      return [check(area, 'ok', `${counted(all.length, 'broker')} of ${cluster} have the same settings`)];
    return [
      check(
        area,
        'warning',
        `brokers of ${cluster} differ in ${counted(lines.length, 'setting')}`,
        someLines(lines, 10),
        [{ command: `mqadmin broker get-config -c ${cluster} --json`, why: 'see all settings' }],
      ),
    ];
  });
}

/** Topics that several masters of a cluster have, but not alike. */
async function topicsDrift(session: AdminSession, { brokers }: ClusterLook): Promise<Check[]> {
  const area = 'drift';
  const deadline = session.deadline();
  const masters = brokers.filter(({ brokerId, failure }) => brokerId === 0 && failure === null);
  if (masters.length < 2) return [];
  const tables = await mapBounded(masters, FAN_OUT_LIMIT, async (broker) => {
    try {
      const { topicConfigTable } = await session.api.getAllTopicConfig(broker.addr, deadline.call());
      return { broker, topicConfigTable, reason: '' };
    } catch (error) {
      session.signal?.throwIfAborted();
      return { broker, topicConfigTable: null, reason: failureOf(error).message };
    }
  });
  const kinds = new Map<string, Map<string, BrokerLook[]>>();
  for (const { broker, topicConfigTable } of tables) {
    for (const [topic, { perm, readQueueNums, writeQueueNums, order }] of Object.entries(topicConfigTable ?? {})) {
      const key = `${broker.clusterName} ${topic}`;
      const kind = `perm ${perm}, ${readQueueNums} read and ${writeQueueNums} write queues${order ? ', ordered' : ''}`;
      const all = kinds.get(key) ?? new Map<string, BrokerLook[]>();
      all.set(kind, [...(all.get(kind) ?? []), broker]);
      kinds.set(key, all);
    }
  }
  const lines = [...kinds]
    .filter(([, all]) => all.size > 1)
    .map(
      ([key, all]) =>
        `${key.slice(key.indexOf(' ') + 1)}: ${[...all].map(([kind, some]) => `${kind} on ${some.map(({ brokerName }) => brokerName).join(', ')}`).join('; ')}`,
    );
  const untold = tables.filter(({ topicConfigTable }) => topicConfigTable === null);
  const rest =
    untold.length === 0
      ? []
      : [
          check(
            area,
            'unknown',
            'topics are not compared everywhere',
            untold.map(({ broker, reason }) => `${brokerText(broker)}: ${reason}`),
          ),
        ];
  if (lines.length > 0) {
    const title = `${counted(lines.length, 'topic')} ${lines.length === 1 ? 'is' : 'are'} set up differently on the masters`;
    return [check(area, 'warning', title, someLines(lines, 10)), ...rest];
  }
  const told = tables.length - untold.length;
  return told < 2 ? rest : [check(area, 'ok', `topics are set up alike on ${counted(told, 'master')}`), ...rest];
}

/** Slaves that the name server knows and their master does not, or that are far behind (907, of 5.x). */
async function slaves(session: AdminSession, { brokers }: ClusterLook): Promise<Check[]> {
  const area = 'replication';
  const deadline = session.deadline();
  const masters = brokers.filter(
    ({ brokerId, brokerName, failure }) =>
      brokerId === 0 &&
      failure === null &&
      brokers.some((other) => other.brokerName === brokerName && other.brokerId !== 0),
  );
  if (masters.length === 0) return [];
  const looks = await mapBounded(masters, FAN_OUT_LIMIT, async (master) => {
    try {
      const { haConnectionInfo } = await session.api.getBrokerHAStatus(master.addr, deadline.call());
      const registered = brokers.filter(
        ({ brokerName, brokerId }) => brokerName === master.brokerName && brokerId !== 0,
      ).length;
      const missing = registered - haConnectionInfo.length;
      const lines = [
        ...(missing > 0
          ? [`${brokerText(master)}: ${missing} of ${counted(registered, 'slave')} not connected to it`]
          : []),
        ...haConnectionInfo
          .filter(({ inSync }) => !inSync)
          .map(({ addr, diff }) => `${brokerText(master)}: slave ${addr} is ${diff} bytes behind`),
      ];
      return { lines, untold: null };
    } catch (error) {
      session.signal?.throwIfAborted();
      const isOld = isBrokerError(error, ResponseCode.REQUEST_CODE_NOT_SUPPORTED);
      const reason = isOld ? 'it does not tell, as brokers before 5.x' : failureOf(error).message;
      return { lines: [], untold: `${brokerText(master)}: ${reason}` };
    }
  });
  const lines = looks.flatMap((look) => look.lines);
  const untold = looks.flatMap((look) => (look.untold === null ? [] : [look.untold]));
  const told = masters.length - untold.length;
  const clusterName = masters[0]?.clusterName ?? '';
  return [
    ...(lines.length > 0
      ? [
          check(area, 'problem', 'slaves do not follow their master', lines, [
            { command: `mqadmin ha status -c ${clusterName}`, why: 'see how far they are' },
          ]),
        ]
      : told > 0
        ? [check(area, 'ok', `slaves of ${counted(told, 'master')} follow`)]
        : []),
    ...(untold.length > 0 ? [check(area, 'unknown', 'it is not known whether slaves follow', untold)] : []),
  ];
}
