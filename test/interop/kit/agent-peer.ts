import { systemClock } from '../../../src/base/clock.js';
import type { Child } from './children.js';
import type {
  ConsumerSpec,
  OutMessage,
  Peer,
  PeerKind,
  ProducerSpec,
  PullerSpec,
  SeenMessage,
  SendMode,
  SentMessage,
} from './peer.js';

/** An operation that takes longer hangs. */
const CALL_LIMIT_MS = 75_000;

interface Call {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Starts the process of an agent, whose lines go to `onLine`. */
export type StartAgent = (onLine: (line: string) => void) => Child;

/** A client library of another language, in a process that takes its calls as JSON lines. */
export class AgentPeer implements Peer {
  readonly kind: PeerKind;
  readonly name: string;
  readonly isSlow = false;
  readonly #child: Child;
  readonly #calls = new Map<number, Call>();
  readonly #onMessage = new Map<string, (message: SeenMessage) => void>();
  #lastId = 0;

  constructor(kind: PeerKind, name: string, start: StartAgent) {
    this.kind = kind;
    this.name = name;
    this.#child = start((line) => this.#take(line));
    void this.#child.ended.then((how) => {
      for (const { reject } of this.#calls.values()) {
        reject(new Error(`${name} ended (${how}): ${this.#child.tail()}`));
      }
    });
  }

  #take(line: string): void {
    if (!line.startsWith('{')) return;
    const said = JSON.parse(line) as { id?: number; value?: unknown; error?: string; client?: string };
    if (said.client !== undefined) {
      this.#onMessage.get(said.client)?.((said as unknown as { message: SeenMessage }).message);
      return;
    }
    const call = this.#calls.get(said.id ?? -1);
    if (said.error === undefined) call?.resolve(said.value);
    else call?.reject(new Error(said.error));
  }

  async #call<T>(op: string, fields: object): Promise<T> {
    const id = ++this.#lastId;
    if (this.#child.hasEnded) throw new Error(`${this.name} has ended: ${this.#child.tail()}`);
    const answer = new Promise<unknown>((resolve, reject) => this.#calls.set(id, { resolve, reject }));
    const late = systemClock.after(CALL_LIMIT_MS, () => {
      this.#calls.get(id)?.reject(new Error(`${op} took more than ${CALL_LIMIT_MS} ms`));
    });
    try {
      this.#child.say(JSON.stringify({ id, op, ...fields }));
      return (await answer) as T;
    } finally {
      late.cancel();
      this.#calls.delete(id);
    }
  }

  producer(client: string, spec: ProducerSpec): Promise<unknown> {
    return this.#call('producer', { client, ...spec });
  }

  send(client: string, topic: string, mode: SendMode, messages: readonly OutMessage[]): Promise<SentMessage[]> {
    return this.#call('send', { client, topic, mode, messages });
  }

  recall(client: string, topic: string, recallHandle: string): Promise<unknown> {
    return this.#call('recall', { client, topic, recallHandle });
  }

  request(client: string, topic: string, message: OutMessage, timeoutMs: number): Promise<string> {
    return this.#call('request', { client, topic, message, timeoutMs });
  }

  consumer(client: string, spec: ConsumerSpec, onMessage: (message: SeenMessage) => void): Promise<unknown> {
    this.#onMessage.set(client, onMessage);
    return this.#call('consumer', { client, ...spec });
  }

  puller(client: string, spec: PullerSpec): Promise<unknown> {
    return this.#call('puller', { client, ...spec });
  }

  poll(client: string, timeoutMs: number): Promise<SeenMessage[]> {
    return this.#call('poll', { client, timeoutMs });
  }

  commit(client: string, topic: string): Promise<unknown> {
    return this.#call('commit', { client, topic });
  }

  query(client: string, topic: string, key: string): Promise<string[]> {
    return this.#call('query', { client, topic, key });
  }

  view(client: string, topic: string, messageId: string): Promise<string> {
    return this.#call('view', { client, topic, messageId });
  }

  resetOffset(client: string, topic: string, group: string, timestamp: number): Promise<unknown> {
    return this.#call('resetOffset', { client, topic, group, timestamp });
  }

  async close(client: string): Promise<unknown> {
    if (this.#child.hasEnded) return null;
    const closed = await this.#call('close', { client });
    // What its listener got on the way counts, too.
    this.#onMessage.delete(client);
    return closed;
  }

  end(): Promise<void> {
    return this.#child.kill();
  }
}
