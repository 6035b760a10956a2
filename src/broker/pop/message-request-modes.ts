/**
 * Which groups pop a topic instead of pulling it: `messageRequestMode.json`. Pure.
 *
 * Source: broker/loadbalance/MessageRequestModeManager.java.
 */
import type { MessageRequestModeSerializeWrapper, SetMessageRequestModeRequestBody } from '../../protocol/bodies.js';
import { isRetryTopic } from '../../protocol/topic-validator.js';
import type { BrokerConfig } from '../broker-config.js';

export class MessageRequestModes {
  readonly #config: BrokerConfig;
  readonly #modes = new Map<string, Map<string, SetMessageRequestModeRequestBody>>();

  constructor(config: BrokerConfig) {
    this.#config = config;
  }

  /** Takes over what a file held. */
  load({ messageRequestModeMap }: MessageRequestModeSerializeWrapper): void {
    for (const [topic, groups] of Object.entries(messageRequestModeMap)) {
      this.#modes.set(topic, new Map(Object.entries(groups)));
    }
  }

  set(mode: SetMessageRequestModeRequestBody): void {
    const groups = this.#modes.get(mode.topic) ?? new Map<string, SetMessageRequestModeRequestBody>();
    groups.set(mode.consumerGroup, mode);
    this.#modes.set(mode.topic, groups);
  }

  /** What was set, else the broker's default; retry topics are pulled unless something was set. */
  get(topic: string, consumerGroup: string): SetMessageRequestModeRequestBody {
    const present = this.#modes.get(topic)?.get(consumerGroup);
    if (present) return present;
    const mode = isRetryTopic(topic) ? 'PULL' : this.#config.defaultMessageRequestMode;
    const popShareQueueNum = mode === 'POP' ? this.#config.defaultPopShareQueueNum : 0;
    return { topic, consumerGroup, mode, popShareQueueNum };
  }

  /** As it is kept in the file, and travels. */
  snapshot(): MessageRequestModeSerializeWrapper {
    const messageRequestModeMap: MessageRequestModeSerializeWrapper['messageRequestModeMap'] = Object.create(null);
    for (const [topic, groups] of this.#modes) {
      const byGroup: Record<string, SetMessageRequestModeRequestBody> = Object.create(null);
      for (const [group, mode] of groups) byGroup[group] = mode;
      messageRequestModeMap[topic] = byGroup;
    }
    return { messageRequestModeMap };
  }
}
