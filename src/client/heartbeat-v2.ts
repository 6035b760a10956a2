/**
 * Heartbeats that leave out the subscriptions while a broker has them.
 *
 * Source: client/impl/factory/MQClientInstance.java#sendHeartbeatToBrokerV2;
 * remoting/.../protocol/heartbeat/HeartbeatData.java#computeHeartbeatFingerprint
 */
import { encodeHeartbeatData, type HeartbeatData } from '../protocol/bodies.js';
import { javaHashCode } from '../protocol/java-hash.js';
import type { HeartbeatResult } from './api/member-api.js';

/** The same for equal groups and subscriptions, whoever sends them and when; never 0, which means version 1. */
export function heartbeatFingerprint(data: HeartbeatData): number {
  const consumerDataSet = data.consumerDataSet.map((consumer) => ({
    ...consumer,
    subscriptionDataSet: consumer.subscriptionDataSet.map((subscription) => ({ ...subscription, subVersion: 0 })),
  }));
  const bare = { ...data, clientID: '', consumerDataSet, heartbeatFingerprint: 0, withoutSub: false };
  return javaHashCode(encodeHeartbeatData(bare).toString()) || 1;
}

function withoutSubscriptions(data: HeartbeatData): HeartbeatData {
  const consumerDataSet = data.consumerDataSet.map((consumer) => ({ ...consumer, subscriptionDataSet: [] }));
  return { ...data, consumerDataSet, withoutSub: true };
}

/** What each broker has been told. */
export class HeartbeatsV2 {
  /** The last full heartbeat, as text, of brokers that keep it. */
  readonly #known = new Map<string, string>();

  /**
   * Sends the short heartbeat if the broker has this full one, subVersions included, else the full one.
   *
   * @throws what `send` throws: then the next one is a full one
   */
  async send(
    addr: string,
    data: HeartbeatData,
    send: (data: HeartbeatData) => Promise<HeartbeatResult>,
  ): Promise<HeartbeatResult> {
    const full = { ...data, heartbeatFingerprint: heartbeatFingerprint(data), withoutSub: false };
    const text = encodeHeartbeatData(full).toString();
    const isKnown = this.#known.get(addr) === text;
    this.#known.delete(addr);
    const result = await send(isKnown ? withoutSubscriptions(full) : full);
    if (result.supportsV2 && !result.isSubChange) this.#known.set(addr, text);
    return result;
  }

  forget(addr: string): void {
    this.#known.delete(addr);
  }
}
