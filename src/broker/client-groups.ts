/**
 * Who is online: members of consumer and producer groups, keyed by connection as in Apache. Pure: time comes
 * as an argument, and whom to notify is the result.
 *
 * Source: broker/client/ConsumerManager.java, ConsumerGroupInfo.java, ProducerManager.java.
 */
import type { ConsumeFromWhere, ConsumeType, MessageModel, SubscriptionData } from '../protocol/bodies.js';
import type { LanguageName } from '../protocol/language-code.js';

/** The part of a server connection that tells one client from another. */
export interface ClientConnection {
  readonly id: number;
  /** `ip:port` of the client. */
  readonly remoteText: string;
  readonly closed: boolean;
}

/** A client as its last heartbeat described it. */
export interface ClientChannel<C extends ClientConnection = ClientConnection> {
  readonly connection: C;
  readonly clientId: string;
  readonly language: LanguageName | null;
  /** MQVersion ordinal. */
  readonly version: number;
  /** ms since the epoch. */
  lastUpdateMs: number;
}

/** What a heartbeat says of one consumer group. */
export interface ConsumerRegistration {
  group: string;
  consumeType: ConsumeType;
  messageModel: MessageModel;
  consumeFromWhere: ConsumeFromWhere;
  /** null: a heartbeat without subscriptions; the group keeps what it has. */
  subscriptions: readonly SubscriptionData[] | null;
}

/** One consumer group with its members. */
export interface ConsumerGroup<C extends ClientConnection = ClientConnection> {
  readonly group: string;
  /** The last heartbeat's word, whoever sent it. */
  consumeType: ConsumeType;
  messageModel: MessageModel;
  consumeFromWhere: ConsumeFromWhere;
  /** By topic. */
  readonly subscriptions: Map<string, SubscriptionData>;
  readonly members: Map<C, ClientChannel<C>>;
}

/** Members that must hear of a change of their group. */
export interface GroupChange<C extends ClientConnection = ClientConnection> {
  group: string;
  connections: C[];
}

interface LastFingerprint {
  value: number;
}

export class ConsumerGroups<C extends ClientConnection = ClientConnection> {
  readonly #groups = new Map<string, ConsumerGroup<C>>();
  readonly #groupsByTopic = new Map<string, Set<string>>();
  /** The last heartbeat fingerprint seen, by group (any member's). */
  readonly #fingerprints = new Map<string, LastFingerprint>();
  #gone: (group: string) => void = () => {};

  /** Has `fn` called when the last member of a group has gone. */
  onGone(fn: (group: string) => void): void {
    this.#gone = fn;
  }

  get(group: string): ConsumerGroup<C> | undefined {
    return this.#groups.get(group);
  }

  /** All groups online. */
  entries(): ReadonlyMap<string, ConsumerGroup<C>> {
    return this.#groups;
  }

  findSubscription(group: string, topic: string): SubscriptionData | null {
    return this.#groups.get(group)?.subscriptions.get(topic) ?? null;
  }

  /** 0 when the group is offline. */
  subscriptionCount(group: string): number {
    return this.#groups.get(group)?.subscriptions.size ?? 0;
  }

  /** Online groups that subscribe to a topic. */
  groupsOf(topic: string): ReadonlySet<string> {
    return this.#groupsByTopic.get(topic) ?? new Set();
  }

  findMember(group: string, clientId: string): ClientChannel<C> | null {
    for (const member of this.#groups.get(group)?.members.values() ?? []) {
      if (member.clientId === clientId) return member;
    }
    return null;
  }

  /**
   * Notes a heartbeat fingerprint.
   *
   * @returns true when the group's last heartbeat had another one: the sender must send its subscriptions
   */
  noteFingerprint(group: string, fingerprint: number): boolean {
    const last = this.#fingerprints.get(group);
    this.#fingerprints.set(group, { value: fingerprint });
    return last !== undefined && last.value !== fingerprint;
  }

  #replaceSubscriptions(info: ConsumerGroup<C>, subscriptions: readonly SubscriptionData[]): boolean {
    let changed = false;
    const wanted = new Set<string>();
    for (const subscription of subscriptions) {
      wanted.add(subscription.topic);
      const present = info.subscriptions.get(subscription.topic);
      if (!present) {
        changed = true;
        info.subscriptions.set(subscription.topic, subscription);
        const groups = this.#groupsByTopic.get(subscription.topic) ?? new Set<string>();
        groups.add(info.group);
        this.#groupsByTopic.set(subscription.topic, groups);
      } else if (subscription.subVersion > present.subVersion) {
        info.subscriptions.set(subscription.topic, subscription);
      }
    }
    for (const topic of info.subscriptions.keys()) {
      if (wanted.has(topic)) continue;
      changed = true;
      info.subscriptions.delete(topic);
      this.#forgetTopic(info.group, topic);
    }
    return changed;
  }

  #forgetTopic(group: string, topic: string): void {
    const groups = this.#groupsByTopic.get(topic);
    groups?.delete(group);
    if (groups?.size === 0) this.#groupsByTopic.delete(topic);
  }

  /**
   * Registers a member, or refreshes it. Topics that this heartbeat does not name are removed from the group,
   * whoever subscribed to them.
   *
   * @returns the change to tell all members (the new one included), or null: neither a new member nor another
   *   set of topics, or a broadcasting group. A newer subVersion alone is no change.
   */
  register(registration: ConsumerRegistration, channel: ClientChannel<C>): GroupChange<C> | null {
    let info = this.#groups.get(registration.group);
    if (!info) {
      info = {
        group: registration.group,
        consumeType: registration.consumeType,
        messageModel: registration.messageModel,
        consumeFromWhere: registration.consumeFromWhere,
        subscriptions: new Map(),
        members: new Map(),
      };
      this.#groups.set(registration.group, info);
    }
    info.consumeType = registration.consumeType;
    info.messageModel = registration.messageModel;
    info.consumeFromWhere = registration.consumeFromWhere;
    const present = info.members.get(channel.connection);
    if (present?.clientId === channel.clientId) present.lastUpdateMs = channel.lastUpdateMs;
    else info.members.set(channel.connection, channel);
    const isNewTopicSet =
      registration.subscriptions !== null && this.#replaceSubscriptions(info, registration.subscriptions);
    if (present && !isNewTopicSet) return null;
    return this.#change(info);
  }

  #change(info: ConsumerGroup<C>): GroupChange<C> | null {
    if (info.messageModel === 'BROADCASTING' || info.members.size === 0) return null;
    return { group: info.group, connections: [...info.members.keys()] };
  }

  #remove(info: ConsumerGroup<C>, connection: C): GroupChange<C> | null {
    if (!info.members.delete(connection)) return null;
    if (info.members.size === 0) {
      this.#groups.delete(info.group);
      this.#fingerprints.delete(info.group);
      for (const topic of info.subscriptions.keys()) this.#forgetTopic(info.group, topic);
      this.#gone(info.group);
    }
    return this.#change(info);
  }

  /** Removes a member by its connection. @returns the change to tell those who stay */
  unregister(group: string, connection: C): GroupChange<C> | null {
    const info = this.#groups.get(group);
    return info ? this.#remove(info, connection) : null;
  }

  /** Removes a closed connection from every group. @returns one change for each group that keeps members */
  removeConnection(connection: C): GroupChange<C>[] {
    const changes: GroupChange<C>[] = [];
    for (const info of [...this.#groups.values()]) {
      const change = this.#remove(info, connection);
      if (change) changes.push(change);
    }
    return changes;
  }

  /** Connections that were silent for longer than `timeoutMs`; the caller closes them, which removes them. */
  expired(nowMs: number, timeoutMs: number): Set<C> {
    const expired = new Set<C>();
    for (const info of this.#groups.values()) {
      for (const member of info.members.values()) {
        if (nowMs - member.lastUpdateMs > timeoutMs) expired.add(member.connection);
      }
    }
    return expired;
  }
}

/** Producers by group. */
export class ProducerGroups<C extends ClientConnection = ClientConnection> {
  readonly #groups = new Map<string, Map<C, ClientChannel<C>>>();
  readonly #connections = new Map<string, C>();
  #turn = 0;

  /** Members of one group; undefined when nobody is online. */
  get(group: string): ReadonlyMap<C, ClientChannel<C>> | undefined {
    return this.#groups.get(group);
  }

  entries(): ReadonlyMap<string, ReadonlyMap<C, ClientChannel<C>>> {
    return this.#groups;
  }

  register(group: string, channel: ClientChannel<C>): void {
    const members = this.#groups.get(group) ?? new Map<C, ClientChannel<C>>();
    const present = members.get(channel.connection);
    if (present) {
      present.lastUpdateMs = channel.lastUpdateMs;
      return;
    }
    members.set(channel.connection, channel);
    this.#groups.set(group, members);
    this.#connections.set(channel.clientId, channel.connection);
  }

  #remove(group: string, connection: C): void {
    const members = this.#groups.get(group);
    const member = members?.get(connection);
    if (!members || !member) return;
    members.delete(connection);
    if (this.#connections.get(member.clientId) === connection) this.#connections.delete(member.clientId);
    if (members.size === 0) this.#groups.delete(group);
  }

  unregister(group: string, connection: C): void {
    this.#remove(group, connection);
  }

  removeConnection(connection: C): void {
    for (const group of [...this.#groups.keys()]) this.#remove(group, connection);
  }

  /** The connection of a client, whatever its groups. */
  findConnection(clientId: string): C | null {
    return this.#connections.get(clientId) ?? null;
  }

  /** A live connection of the group, each call another one in turn; null when nobody is online. */
  nextConnection(group: string): C | null {
    const connections = [...(this.#groups.get(group)?.keys() ?? [])].filter((connection) => !connection.closed);
    if (connections.length === 0) return null;
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
    return connections[this.#turn % connections.length] ?? null;
  }

  /** Connections that were silent for longer than `timeoutMs`. */
  expired(nowMs: number, timeoutMs: number): Set<C> {
    const expired = new Set<C>();
    for (const members of this.#groups.values()) {
      for (const member of members.values()) {
        if (nowMs - member.lastUpdateMs > timeoutMs) expired.add(member.connection);
      }
    }
    return expired;
  }
}
