import { nearestFew } from '../../base/near.js';
import { counted } from '../../base/units.js';
import { isTopicNotExist } from '../../client/errors.js';
import { isReadable, isWriteable, permText } from '../../protocol/topic-config.js';
import { consumerConnections } from '../connections.js';
import { type Check, check } from '../doctor/check.js';
import { brokerText, type ClusterLook } from '../doctor/look.js';
import { shellWord, someLines } from '../explain/finding.js';
import { AdminError, failureOf } from '../failure.js';
import { FAN_OUT_LIMIT, mapBounded } from '../fan-out.js';
import type { AdminSession } from '../session.js';

const hasMaster = (look: ClusterLook) =>
  look.brokers.filter(({ brokerId, failure }) => brokerId === 0 && failure === null);

/** Where the topic is and where not: at each name server (105) and at each master (21). */
export async function checkTopic(session: AdminSession, look: ClusterLook, topic: string): Promise<Check[]> {
  const area = 'topic';
  const deadline = session.deadline();
  const word = shellWord(topic);
  const routes = await mapBounded(
    look.nameServers.filter(({ info }) => info !== null),
    FAN_OUT_LIMIT,
    async ({ addr }) => {
      try {
        return { addr, route: await session.api.getTopicRouteInfo(topic, { ...deadline.call(), namesrvAddr: addr }) };
      } catch (error) {
        session.signal?.throwIfAborted();
        return { addr, route: null, reason: isTopicNotExist(error) ? 'no route' : failureOf(error).message };
      }
    },
  );
  const configs = await mapBounded(hasMaster(look), FAN_OUT_LIMIT, async (broker) => {
    try {
      const { topicConfigTable } = await session.api.getAllTopicConfig(broker.addr, deadline.call());
      return { broker, config: topicConfigTable[topic] ?? null, reason: null };
    } catch (error) {
      session.signal?.throwIfAborted();
      return { broker, config: null, reason: failureOf(error).message };
    }
  });
  const having = configs.filter(({ config }) => config !== null);
  const without = routes.filter(({ route }) => route === null);
  if (without.length === routes.length && having.length === 0) {
    const auto = configs.filter(({ broker }) => broker.config?.autoCreateTopicEnable === 'true');
    const near = nearestFew(
      topic,
      look.nameServers.flatMap(({ topics }) => topics ?? []),
      3,
    ).filter((each) => each !== topic);
    return [
      check(
        area,
        'problem',
        `the topic "${topic}" does not exist`,
        [
          `no name server has a route to it (${routes.map(({ addr }) => addr).join(', ')}), and none of ${counted(configs.length, 'master')} has it`,
          auto.length === 0
            ? 'no broker creates topics by itself (autoCreateTopicEnable=false)'
            : `${auto.map(({ broker }) => broker.brokerName).join(', ')} would create it with the first message (autoCreateTopicEnable=true)`,
          ...(near.length === 0 ? [] : [`there is: ${near.join(', ')}`]),
        ],
        [
          { command: `mqadmin topic create ${word}`, why: 'create it' },
          { command: 'mqadmin topic list', why: 'see the topics that there are' },
        ],
      ),
    ];
  }
  const checks: Check[] = [];
  if (without.length > 0) {
    const lines = [
      ...without.map(({ addr, reason }) => `${addr}: ${reason}`),
      ...having.map(({ broker }) => `${brokerText(broker)} has the topic`),
    ];
    checks.push(
      check(
        area,
        'problem',
        `${counted(without.length, 'name server')} of ${routes.length} has no route to "${topic}", though ${counted(having.length, 'broker')} has it`,
        lines,
        [
          {
            command: `mqadmin broker get-config -b ${having[0]?.broker.addr ?? 'ADDR'}`,
            why: 'its namesrvAddr has to name all name servers; it registers every 30 s',
          },
        ],
      ),
    );
  }
  const queueDatas = routes.flatMap(({ route }) => route?.queueDatas ?? []);
  const closed = queueDatas.filter(({ perm }) => !isReadable(perm) || !isWriteable(perm));
  if (closed.length > 0) {
    const lines = [...new Set(closed.map(({ brokerName, perm }) => `${brokerName}: ${permText(perm)} (${perm})`))];
    checks.push(
      check(area, 'problem', `a permission limits "${topic}"`, lines, [
        { command: `mqadmin topic set-perm ${word} 6`, why: 'let it be read and written' },
      ]),
    );
  }
  const missing = configs.filter(({ config, reason }) => config === null && reason === null);
  if (missing.length > 0 && having.length > 0) {
    const lines = missing.map(({ broker }) => `${brokerText(broker)} does not have it`);
    checks.push(check(area, 'note', `"${topic}" is on ${having.length} of ${configs.length} masters`, lines));
  }
  if (checks.every(({ state }) => state === 'note')) {
    const brokers = [...new Set(queueDatas.map(({ brokerName }) => brokerName))].sort();
    checks.push(check(area, 'ok', `"${topic}" has a route to ${brokers.join(', ')} and may be read and written`));
  }
  return checks;
}

/** Where the group is and where not (201), and whether it may consume. */
export async function checkGroup(session: AdminSession, look: ClusterLook, group: string): Promise<Check[]> {
  const area = 'group';
  const deadline = session.deadline();
  const word = shellWord(group);
  const names = new Set<string>();
  const configs = await mapBounded(hasMaster(look), FAN_OUT_LIMIT, async (broker) => {
    try {
      const { subscriptionGroupTable } = await session.api.getAllSubscriptionGroup(broker.addr, deadline.call());
      for (const name of Object.keys(subscriptionGroupTable)) names.add(name);
      return { broker, config: subscriptionGroupTable[group] ?? null, reason: null };
    } catch (error) {
      session.signal?.throwIfAborted();
      return { broker, config: null, reason: failureOf(error).message };
    }
  });
  const missing = configs.filter(({ config, reason }) => config === null && reason === null);
  const checks: Check[] = [];
  if (missing.length > 0) {
    const manual = missing.filter(({ broker }) => broker.config?.autoCreateSubscriptionGroup === 'false');
    const near = nearestFew(group, [...names], 3).filter((each) => each !== group);
    checks.push(
      check(
        area,
        manual.length > 0 || missing.length === configs.length ? 'problem' : 'warning',
        missing.length === configs.length
          ? `the consumer group "${group}" does not exist`
          : `${counted(missing.length, 'master')} of ${configs.length} does not have the consumer group "${group}"`,
        [
          ...someLines(
            missing.map(
              ({ broker }) =>
                `${brokerText(broker)}: ${broker.config?.autoCreateSubscriptionGroup === 'false' ? 'does not create groups by itself (autoCreateSubscriptionGroup=false)' : 'creates it when a member connects'}`,
            ),
          ),
          ...(near.length === 0 || missing.length < configs.length ? [] : [`there is: ${near.join(', ')}`]),
        ],
        missing.slice(0, 3).map(({ broker }) => ({
          command: `mqadmin consumer create ${word} -b ${broker.addr}`,
          why: 'create it there',
        })),
      ),
    );
  }
  const disabled = configs.filter(({ config }) => config?.consumeEnable === false);
  if (disabled.length > 0) {
    const lines = disabled.map(({ broker }) => `${brokerText(broker)}: consumeEnable=false`);
    checks.push(
      check(area, 'problem', `the consumer group "${group}" may not consume`, lines, [
        { command: `mqadmin consumer update ${word} --enable true`, why: 'let it' },
      ]),
    );
  }
  if (checks.length === 0)
    checks.push(
      check(area, 'ok', `${counted(configs.length, 'master')} with the consumer group "${group}", which may consume`),
    );
  return checks;
}

/** Who of the group is connected, and whether they subscribe to the same. */
export async function checkMembers(session: AdminSession, group: string): Promise<Check[]> {
  const area = 'members';
  const next = [{ command: `mqadmin consumer explain ${shellWord(group)}`, why: 'look at the whole group' }];
  try {
    const { connections, subscriptions } = await consumerConnections(session, { consumerGroup: group });
    const lines = [
      ...someLines(connections.map(({ clientId, clientAddr }) => `${clientId} (${clientAddr})`)),
      ...subscriptions.map(
        ({ topic, expressionType, expression }) => `the brokers have: ${topic} ${expressionType} ${expression}`,
      ),
    ];
    return [check(area, 'note', `${counted(connections.length, 'member')} of "${group}" connected`, lines, next)];
  } catch (error) {
    session.signal?.throwIfAborted();
    const isNobody = error instanceof AdminError && error.kind === 'not-found';
    return [check(area, isNobody ? 'problem' : 'unknown', failureOf(error).message, [], next)];
  }
}

/** Does somebody answer at an address? A name server that says it does not know the request answers, too. */
export async function checkAddress(session: AdminSession, look: ClusterLook, addr: string): Promise<Check[]> {
  const area = 'address';
  const broker = look.brokers.find((each) => each.addr === addr);
  const isNameServer = look.nameServers.some((each) => each.addr === addr);
  const who =
    broker !== undefined
      ? `broker ${broker.brokerName}`
      : isNameServer
        ? 'a name server'
        : 'not an address of this cluster';
  try {
    await session.api.getBrokerRuntimeInfo(addr, session.deadline().call());
  } catch (error) {
    session.signal?.throwIfAborted();
    const failure = failureOf(error);
    if (failure.kind === 'unreachable') {
      const lines = [
        failure.message,
        ...(broker === undefined && !isNameServer
          ? ['no name server knows a broker there: clients may hold an old route, or ask other name servers']
          : []),
      ];
      return [
        check(area, 'problem', `${addr} (${who}) cannot be reached from here`, lines, [
          { command: 'mqadmin cluster list', why: 'see the addresses that brokers advertise, and which answer' },
        ]),
      ];
    }
  }
  return [check(area, 'ok', `${addr} (${who}) answers`)];
}

/** Settings of brokers that decide whether a message or filter is taken. */
export function checkSettings(
  { brokers }: ClusterLook,
  area: string,
  keys: readonly string[],
  advice: string,
): Check[] {
  const told = brokers.filter(({ config }) => config !== null);
  if (told.length === 0) return [check(area, 'unknown', 'no broker tells its settings')];
  const lines = told.map(
    (broker) =>
      `${brokerText(broker)}: ${keys
        .filter((key) => broker.config?.[key] !== undefined)
        .map((key) => `${key}=${broker.config?.[key]}`)
        .join(', ')}`,
  );
  return [check(area, 'note', advice, lines)];
}

/** Is SQL92 switched off where it is asked for? */
export function checkFilter({ brokers }: ClusterLook): Check[] {
  const area = 'filter';
  const off = brokers.filter(({ config }) => config?.enablePropertyFilter === 'false');
  const told = brokers.filter(({ config }) => config !== null).length;
  if (off.length === 0) {
    return [
      check(
        area,
        told === 0 ? 'unknown' : 'ok',
        told === 0 ? 'no broker tells its settings' : 'SQL92 filters are on: look at the expression',
      ),
    ];
  }
  return [
    check(
      area,
      'problem',
      `SQL92 filters are off on ${counted(off.length, 'broker')}`,
      off.map((broker) => `${brokerText(broker)}: enablePropertyFilter=false`),
      [
        {
          command: `mqadmin broker update-config -b ${off[0]?.addr} --set enablePropertyFilter=true`,
          why: 'allow them (Apache brokers need a restart where it is not read at once)',
        },
      ],
    ),
  ];
}
