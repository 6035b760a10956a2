/**
 * Namespaces (of 4.x): names of topics and groups travel as `ns%name`, and retry and dead-letter topics as
 * `%RETRY%ns%group`; the application sees them without.
 *
 * Source: remoting/protocol/NamespaceUtil.java, common/utils/NameServerAddressUtils.java
 */
import type { MessageQueue } from '../protocol/message-queue.js';
import {
  CID_RMQ_SYS_PREFIX,
  DLQ_GROUP_TOPIC_PREFIX,
  isSystemTopic,
  RETRY_GROUP_TOPIC_PREFIX,
} from '../protocol/topic-validator.js';

const SEPARATOR = '%';
const INSTANCE_ENDPOINT = /^(?:\w+:\/\/)?(MQ_INST_\w+_\w+)\./;

/** `%RETRY%` or `%DLQ%` if the name begins so, and the rest. */
function split(name: string): readonly [prefix: string, rest: string] {
  const prefix = [RETRY_GROUP_TOPIC_PREFIX, DLQ_GROUP_TOPIC_PREFIX].find((each) => name.startsWith(each)) ?? '';
  return [prefix, name.slice(prefix.length)];
}

/** The namespace of name servers such as `http://MQ_INST_1_2.example:80`; undefined without. */
export function namespaceOfEndpoint(namesrvAddr: string): string | undefined {
  return INSTANCE_ENDPOINT.exec(namesrvAddr)?.[1];
}

/** The names of one namespace; without one all names stay as they are. */
export class Namespace {
  readonly #name: string;

  constructor(name: string | undefined) {
    this.#name = name ?? '';
  }

  /** '' without one. */
  get name(): string {
    return this.#name;
  }

  /** As it travels. Names of the system, and those that have the namespace already, stay as they are. */
  wrap(name: string): string {
    if (this.#name === '' || name === '') return name;
    if (isSystemTopic(name) || name.startsWith(CID_RMQ_SYS_PREFIX)) return name;
    const [prefix, rest] = split(name);
    return rest.startsWith(this.#name + SEPARATOR) ? name : prefix + this.#name + SEPARATOR + rest;
  }

  /** As the application sees it. Names of other namespaces stay as they are. */
  strip(name: string): string {
    if (this.#name === '') return name;
    const [prefix, rest] = split(name);
    return rest.startsWith(this.#name + SEPARATOR) ? prefix + rest.slice(this.#name.length + 1) : name;
  }

  wrapQueue(mq: MessageQueue): MessageQueue {
    return this.#name === '' ? mq : { ...mq, topic: this.wrap(mq.topic) };
  }

  stripQueue(mq: MessageQueue): MessageQueue {
    return this.#name === '' ? mq : { ...mq, topic: this.strip(mq.topic) };
  }
}
