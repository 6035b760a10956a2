import { counted } from '../../base/units.js';
import { isTopicNotExist } from '../../client/errors.js';
import { isSystemTopic } from '../../protocol/topic-validator.js';
import { shellWord, someLines } from '../explain/finding.js';
import { failureOf } from '../failure.js';
import { FAN_OUT_LIMIT, mapBounded } from '../fan-out.js';
import type { AdminSession } from '../session.js';
import { type Check, check } from './check.js';
import type { ClusterLook } from './look.js';

/** Routes are looked at one by one: so many at most. */
const MAX_ROUTES = 2000;

/** Do all name servers answer, and know the same? */
export function checkNameServers({ nameServers }: ClusterLook): Check[] {
  const area = 'name-servers';
  const silent = nameServers.filter(({ info }) => info === null);
  const answering = nameServers.filter(({ info }) => info !== null);
  const checks: Check[] = [];
  if (silent.length > 0) {
    const lines = silent.map(({ addr, reason }) => `${addr}: ${reason}`);
    const why = 'see which name servers are configured, and where';
    checks.push(
      check(
        area,
        'problem',
        `${counted(silent.length, 'name server')} of ${nameServers.length} did not answer`,
        lines,
        [{ command: 'mqadmin config explain', why }],
      ),
    );
  }
  const brokersOf = new Map(
    answering.map(({ addr, info }) => [
      addr,
      new Set(
        Object.values(info?.brokerAddrTable ?? {}).flatMap(({ brokerName, brokerAddrs }) =>
          [...brokerAddrs].map(([id, at]) => `${brokerName} #${id} at ${at}`),
        ),
      ),
    ]),
  );
  const all = [...new Set([...brokersOf.values()].flatMap((brokers) => [...brokers]))].sort();
  const missing = all.flatMap((broker) => {
    const without = [...brokersOf].filter(([, brokers]) => !brokers.has(broker)).map(([addr]) => addr);
    return without.length === 0 ? [] : [`${broker} is not registered with ${without.join(', ')}`];
  });
  if (missing.length > 0) {
    checks.push(
      check(area, 'problem', 'name servers know different brokers', someLines(missing), [
        {
          command: 'mqadmin broker get-config -c CLUSTER',
          why: 'namesrvAddr of each broker has to name all name servers',
        },
      ]),
    );
  }
  const [first, ...others] = answering;
  const unlike = others.flatMap(({ addr, topics }) => {
    const here = new Set(topics);
    const there = new Set(first?.topics);
    const lines = [
      ...[...there]
        .filter((topic) => !here.has(topic))
        .map((topic) => `${topic} is known to ${first?.addr}, not to ${addr}`),
      ...[...here]
        .filter((topic) => !there.has(topic))
        .map((topic) => `${topic} is known to ${addr}, not to ${first?.addr}`),
    ];
    return lines;
  });
  if (unlike.length > 0) checks.push(check(area, 'warning', 'name servers know different topics', someLines(unlike)));
  if (checks.length === 0) {
    checks.push(
      check(
        area,
        'ok',
        nameServers.length === 1
          ? `the name server ${nameServers[0]?.addr} answers`
          : `all ${nameServers.length} name servers answer and know the same brokers and topics`,
      ),
    );
  }
  return checks;
}

/** Has every broker a master, and every topic a broker? */
export async function checkRoutes(session: AdminSession, { nameServers, brokers }: ClusterLook): Promise<Check[]> {
  const area = 'routes';
  if (brokers.length === 0) {
    return [
      check(
        area,
        'problem',
        'no broker is registered',
        [],
        [
          {
            command: 'mqadmin broker start -n NAMESRV',
            why: 'a broker registers with the name servers in its namesrvAddr',
          },
        ],
      ),
    ];
  }
  const checks: Check[] = [];
  const names = [...new Set(brokers.map(({ brokerName }) => brokerName))];
  const masterless = names.filter(
    (name) => !brokers.some(({ brokerName, brokerId }) => brokerName === name && brokerId === 0),
  );
  if (masterless.length > 0) {
    const lines = masterless.map(
      (name) =>
        `${name}: only ids ${brokers
          .filter(({ brokerName }) => brokerName === name)
          .map(({ brokerId }) => brokerId)
          .join(', ')}`,
    );
    const title = `${counted(masterless.length, 'broker')} without a master: nothing can be sent there`;
    checks.push(
      check(area, 'problem', title, lines, [{ command: 'mqadmin cluster list', why: 'see which address is missing' }]),
    );
  }
  const all = nameServers.find(({ topics: known }) => known !== null)?.topics ?? [];
  // Some topics of the servers' own may neither be read nor written.
  const topics = all.filter((topic) => !isSystemTopic(topic));
  const looked = topics.slice(0, MAX_ROUTES);
  const deadline = session.deadline();
  const lost = await mapBounded(looked, FAN_OUT_LIMIT, async (topic): Promise<string | null> => {
    try {
      const { brokerDatas, queueDatas } = await session.api.getTopicRouteInfo(topic, deadline.call());
      if (brokerDatas.length === 0) return `${topic}: its brokers are gone`;
      return queueDatas.every(({ perm }) => (perm & 6) === 0) ? `${topic}: may neither be read nor written` : null;
    } catch (error) {
      session.signal?.throwIfAborted();
      return isTopicNotExist(error) ? `${topic}: its brokers are gone` : `${topic}: ${failureOf(error).message}`;
    }
  });
  const lines = lost.filter((line) => line !== null);
  if (lines.length > 0) {
    const topic = lines[0]?.split(':')[0] ?? '';
    checks.push(
      check(area, 'warning', `${counted(lines.length, 'topic')} cannot be used`, someLines(lines), [
        { command: `mqadmin topic route ${shellWord(topic)}`, why: 'see what the name server has of it' },
      ]),
    );
  }
  if (looked.length < topics.length) {
    checks.push(check(area, 'note', `looked at the first ${MAX_ROUTES} of ${topics.length} topics`));
  }
  if (checks.length === 0) {
    checks.push(
      check(
        area,
        'ok',
        `${counted(names.length, 'broker')} with a master, ${counted(topics.length, 'topic')} with a route`,
      ),
    );
  }
  return checks;
}
