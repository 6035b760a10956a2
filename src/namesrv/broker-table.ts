/**
 * Which brokers live: processes by address, groups by broker name, names by cluster.
 *
 * Source: namesrv/.../routeinfo/RouteInfoManager.java (brokerAddrTable, clusterAddrTable, brokerLiveTable,
 * filterServerTable)
 */
import type { BrokerData } from '../protocol/bodies.js';
import type { DataVersion } from '../protocol/data-version.js';

export const MASTER_ID = 0;

/** One broker process, as of its last registration. */
export interface BrokerMember {
  readonly clusterName: string;
  readonly brokerName: string;
  readonly brokerAddr: string;
  /** 0 is the master. */
  readonly brokerId: number;
  /** Last registration or heartbeat, ms since the epoch. */
  lastUpdateAtMs: number;
  /** Silence after which it counts as gone. */
  readonly timeoutMs: number;
  readonly dataVersion: DataVersion;
  /** The connection of the last registration. */
  readonly connectionId: number;
  readonly haServerAddr: string | null;
  readonly filterServers: readonly string[];
}

/** The processes that share a broker name: a master and its slaves. */
export interface BrokerGroup {
  /** Cluster of the member that registered first. */
  cluster: string;
  readonly brokerName: string;
  /** By broker id. */
  readonly members: Map<number, BrokerMember>;
  zoneName: string | null;
  enableActingMaster: boolean;
}

export function minId(byId: ReadonlyMap<number, unknown>): number {
  return Math.min(...byId.keys());
}

/** Broker id to address. */
export function addrsOf(group: BrokerGroup | undefined): Map<number, string> {
  return new Map([...(group?.members ?? [])].map(([id, member]) => [id, member.brokerAddr]));
}

export function brokerDataOf(group: BrokerGroup): BrokerData {
  return {
    cluster: group.cluster,
    brokerName: group.brokerName,
    brokerAddrs: addrsOf(group),
    zoneName: group.zoneName,
    enableActingMaster: group.enableActingMaster,
  };
}

function memberKey(clusterName: string, brokerAddr: string): string {
  return `${clusterName.length}:${clusterName}${brokerAddr}`;
}

export interface Removal {
  /** Groups that are gone. */
  readonly gone: readonly string[];
  /** Groups that have members left, but no master. */
  readonly withoutMaster: readonly BrokerGroup[];
  /** Groups that have members left, with the address that was their smallest id. */
  readonly minimumLost: ReadonlyMap<BrokerGroup, string>;
}

/**
 * Invariants: a group has members; every member is in exactly one group, and no address twice in it; a broker
 * name is in the sets of its members' clusters and in no other; no cluster is empty.
 */
export class BrokerTable {
  readonly #members = new Map<string, BrokerMember>();
  readonly #groups = new Map<string, BrokerGroup>();
  readonly #clusters = new Map<string, Set<string>>();

  get memberCount(): number {
    return this.#members.size;
  }

  member(clusterName: string, brokerAddr: string): BrokerMember | undefined {
    return this.#members.get(memberKey(clusterName, brokerAddr));
  }

  members(): IterableIterator<BrokerMember> {
    return this.#members.values();
  }

  group(brokerName: string): BrokerGroup | undefined {
    return this.#groups.get(brokerName);
  }

  groups(): IterableIterator<BrokerGroup> {
    return this.#groups.values();
  }

  /** Broker names by cluster; owned by the table. */
  clusters(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#clusters;
  }

  /**
   * Puts a member into its group, which is made if need be. Whoever holds its id or its address there goes.
   * The same process under another broker name must have been removed before.
   */
  put(member: BrokerMember): BrokerGroup {
    const { clusterName, brokerName } = member;
    const group = this.#groups.get(brokerName) ?? this.#newGroup(clusterName, brokerName);
    for (const other of group.members.values()) {
      if (other.brokerAddr !== member.brokerAddr && other.brokerId !== member.brokerId) continue;
      group.members.delete(other.brokerId);
      this.#members.delete(memberKey(other.clusterName, other.brokerAddr));
    }
    group.members.set(member.brokerId, member);
    this.#members.set(memberKey(clusterName, member.brokerAddr), member);
    const brokerNames = this.#clusters.get(clusterName) ?? new Set();
    this.#clusters.set(clusterName, brokerNames.add(brokerName));
    this.#leaveClusters(group);
    return group;
  }

  /** Removes members, and the groups and clusters that this empties. */
  remove(leaving: Iterable<BrokerMember>): Removal {
    const touched = new Set<BrokerGroup>();
    const minimumLost = new Map<BrokerGroup, string>();
    for (const member of leaving) {
      const group = this.#groups.get(member.brokerName) as BrokerGroup;
      if (member.brokerId === minId(group.members)) minimumLost.set(group, member.brokerAddr);
      group.members.delete(member.brokerId);
      this.#members.delete(memberKey(member.clusterName, member.brokerAddr));
      touched.add(group);
    }
    const gone: string[] = [];
    const withoutMaster: BrokerGroup[] = [];
    for (const group of touched) {
      this.#leaveClusters(group);
      if (group.members.size === 0) {
        this.#groups.delete(group.brokerName);
        minimumLost.delete(group);
        gone.push(group.brokerName);
      } else if (!group.members.has(MASTER_ID)) {
        withoutMaster.push(group);
      }
    }
    return { gone, withoutMaster, minimumLost };
  }

  #newGroup(cluster: string, brokerName: string): BrokerGroup {
    const group: BrokerGroup = { cluster, brokerName, members: new Map(), zoneName: null, enableActingMaster: false };
    this.#groups.set(brokerName, group);
    return group;
  }

  /** Takes the group's name out of the clusters in which it has no member. */
  #leaveClusters(group: BrokerGroup): void {
    const stillIn = new Set([...group.members.values()].map((member) => member.clusterName));
    const [anyCluster] = stillIn;
    if (anyCluster !== undefined && !stillIn.has(group.cluster)) group.cluster = anyCluster;
    for (const [cluster, brokerNames] of this.#clusters) {
      if (stillIn.has(cluster) || !brokerNames.delete(group.brokerName)) continue;
      if (brokerNames.size === 0) this.#clusters.delete(cluster);
    }
  }
}
