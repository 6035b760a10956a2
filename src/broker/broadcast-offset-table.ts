/**
 * How far each member of a broadcasting group was handed messages, so that a client which changes between a proxy and
 * the broker goes on where it was. In memory; what all members have passed is committed for `<group>@broadcast`.
 *
 * Members of a broadcasting group keep their offsets themselves. One behind a proxy has no file: it pulls with a
 * negative offset, and the broker's answer tells it where to begin.
 *
 * Source: broker/offset/BroadcastOffsetManager.java, BroadcastOffsetStore.java.
 */
import { type ConsumerOffsetTable, topicAtGroup } from './consumer-offset-table.js';

/** One member's pull of one queue. */
export interface BroadcastPull {
  readonly topic: string;
  readonly group: string;
  readonly queueId: number;
  /** The member: the client behind the proxy, or whoever is connected. */
  readonly clientId: string;
  /** Whether a proxy pulls for it. */
  readonly isFromProxy: boolean;
}

/** What the table asks of the broker. */
export interface BroadcastOffsetDeps {
  readonly offsets: Pick<ConsumerOffsetTable, 'query' | 'commit'>;
  /** Properties of the configuration, read when they are needed: seconds. */
  readonly config: {
    readonly broadcastOffsetExpireSecond: number;
    readonly broadcastOffsetExpireMaxSecond: number;
  };
  /** Whether a client is connected to this broker as a member. */
  isOnline(group: string, clientId: string): boolean;
  /** Where a member begins for which nothing is known. */
  firstOffset(topic: string, queueId: number): number;
  /** ms since the epoch */
  now(): number;
}

interface Member {
  /** ms since the epoch */
  updatedAtMs: number;
  isFromProxy: boolean;
  /** What the member asked for last, by queueId. */
  readonly queueOffsets: Map<number, number>;
}

interface Group {
  readonly topic: string;
  readonly group: string;
  /** By clientId. */
  readonly members: Map<string, Member>;
}

/** The group under which the offset that all members have passed is committed. */
function broadcastGroup(group: string): string {
  return `${group}@broadcast`;
}

export class BroadcastOffsetTable {
  readonly #deps: BroadcastOffsetDeps;
  /** By `topic@group`. */
  readonly #groups = new Map<string, Group>();

  constructor(deps: BroadcastOffsetDeps) {
    this.#deps = deps;
  }

  /** How many members are remembered, over all topics and groups. */
  get size(): number {
    let size = 0;
    for (const { members } of this.#groups.values()) size += members.size;
    return size;
  }

  /** Remembers what a member asked for, or was told to ask for. A smaller offset than before changes nothing. */
  update({ topic, group, queueId, clientId, isFromProxy }: BroadcastPull, queueOffset: number): void {
    const key = topicAtGroup(topic, group);
    let known = this.#groups.get(key);
    if (!known) {
      known = { topic, group, members: new Map() };
      this.#groups.set(key, known);
    }
    const member = this.#member(known, clientId, isFromProxy);
    member.updatedAtMs = this.#deps.now();
    member.isFromProxy = isFromProxy;
    const present = member.queueOffsets.get(queueId);
    if (present === undefined || queueOffset > present) member.queueOffsets.set(queueId, queueOffset);
  }

  /**
   * Where a member has to begin: when it comes from a proxy without an offset, or has changed between proxy and broker.
   *
   * @param queueOffset what it asks for
   * @returns null when what it asks for counts
   */
  initialOffset(pull: BroadcastPull, queueOffset: number): number | null {
    const { topic, group, clientId, isFromProxy } = pull;
    const known = this.#groups.get(topicAtGroup(topic, group));
    if (!known) return isFromProxy && queueOffset < 0 ? this.#lookUp(pull, null) : null;
    const member = this.#member(known, clientId, isFromProxy);
    const hasNoOffset = member.isFromProxy && queueOffset < 0;
    return hasNoOffset || member.isFromProxy !== isFromProxy ? this.#lookUp(pull, member) : null;
  }

  /** Commits, for each queue, the smallest offset over its members; forgets members that went, or stopped pulling. */
  scan(): void {
    const { config, offsets, isOnline } = this.#deps;
    const nowMs = this.#deps.now();
    for (const [key, { topic, group, members }] of this.#groups) {
      const smallest = new Map<number, number>();
      for (const [clientId, { updatedAtMs, queueOffsets }] of members) {
        const silentSeconds = (nowMs - updatedAtMs) / 1000;
        const online = isOnline(group, clientId);
        if (online || silentSeconds < config.broadcastOffsetExpireSecond) {
          for (const [queueId, queueOffset] of queueOffsets) {
            smallest.set(queueId, Math.min(queueOffset, smallest.get(queueId) ?? queueOffset));
          }
        }
        const keptSeconds = online ? config.broadcastOffsetExpireMaxSecond : config.broadcastOffsetExpireSecond;
        if (silentSeconds >= keptSeconds) members.delete(clientId);
      }
      if (members.size === 0) this.#groups.delete(key);
      const committedBy = broadcastGroup(group);
      for (const [queueId, queueOffset] of smallest) {
        // Without a change there is nothing to write to the file.
        if (offsets.query(committedBy, topic, queueId) === queueOffset) continue;
        offsets.commit(committedBy, topic, queueId, queueOffset);
      }
    }
  }

  #member(known: Group, clientId: string, isFromProxy: boolean): Member {
    let member = known.members.get(clientId);
    if (!member) {
      member = { updatedAtMs: this.#deps.now(), isFromProxy, queueOffsets: new Map() };
      known.members.set(clientId, member);
    }
    return member;
  }

  #lookUp({ topic, group, queueId }: BroadcastPull, member: Member | null): number {
    const own = member?.queueOffsets.get(queueId) ?? -1;
    if (own >= 0) return own;
    const committed = this.#deps.offsets.query(broadcastGroup(group), topic, queueId);
    return committed >= 0 ? committed : this.#deps.firstOffset(topic, queueId);
  }
}
