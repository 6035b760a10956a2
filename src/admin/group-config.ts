import type { SubscriptionGroupConfig } from '../protocol/subscription-group-config.js';
import { readAddress, readCluster } from './cluster.js';
import { askAll, FAN_OUT_LIMIT, nobodyHas, type Partial } from './fan-out.js';
import type { AdminSession } from './session.js';

/** A group's settings on one broker. */
export interface GroupConfigAt {
  readonly clusterName: string;
  readonly brokerName: string;
  readonly addr: string;
  readonly config: SubscriptionGroupConfig;
}

export interface GroupConfigs extends Partial {
  readonly consumerGroup: string;
  /** By cluster and broker name. */
  readonly brokers: readonly GroupConfigAt[];
}

/**
 * The settings of a group on every broker that has it (201), in all clusters.
 *
 * @throws AdminError (not-found) when nobody has it; its hint names groups that are near
 */
export async function groupConfigs(
  session: AdminSession,
  { consumerGroup, clusterName = null }: { readonly consumerGroup: string; readonly clusterName?: string | null },
): Promise<GroupConfigs> {
  const deadline = session.deadline();
  const { brokerAddrTable, clusterAddrTable } = await readCluster(session, deadline);
  const targets = Object.values(brokerAddrTable)
    .map((broker) => ({
      brokerName: broker.brokerName,
      addr: readAddress(broker) ?? '',
      clusterName:
        Object.keys(clusterAddrTable).find((name) => clusterAddrTable[name]?.includes(broker.brokerName)) ?? '',
    }))
    .filter((target) => target.addr !== '' && (clusterName === null || target.clusterName === clusterName))
    .sort((a, b) => (`${a.clusterName} ${a.brokerName}` < `${b.clusterName} ${b.brokerName}` ? -1 : 1));
  const known = new Set<string>();
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, async ({ addr }) => {
    const { subscriptionGroupTable } = await session.api.getAllSubscriptionGroup(addr, deadline.call());
    for (const name of Object.keys(subscriptionGroupTable)) known.add(name);
    return subscriptionGroupTable[consumerGroup] ?? null;
  });
  const brokers = answers.flatMap(({ target, value }) => (value === null ? [] : [{ ...target, config: value }]));
  if (brokers.length === 0) {
    const start = consumerGroup.slice(0, 3).toLowerCase();
    const near = [...known].filter((name) => name.toLowerCase().includes(start)).sort();
    throw nobodyHas(partial, `there is no consumer group "${consumerGroup}"`, {
      hint: near.length === 0 ? 'mqadmin consumer progress shows the groups' : `groups: ${near.slice(0, 5).join(', ')}`,
    });
  }
  return { consumerGroup, ...partial, brokers };
}
