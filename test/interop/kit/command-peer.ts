import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../src/base/clock.js';
import type { Child, Playground } from './children.js';
import type { LibraryPeer } from './library-peer.js';
import {
  type ConsumerSpec,
  type OutMessage,
  type Peer,
  type ProducerSpec,
  type PullerSpec,
  type SeenMessage,
  type SendMode,
  type SentMessage,
  unable,
} from './peer.js';

const BIN = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));
/** A command that takes longer hangs. */
const LIMIT_MS = 60_000;

/** What the commands print of a message. */
interface MessageDoc {
  readonly body: string;
  readonly tags: string | null;
  readonly keys: string | null;
  readonly topic: string;
  readonly msgId: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly reconsumeTimes: number;
  readonly properties: Readonly<Record<string, string>>;
}

/**
 * Our commands, as they are installed. They read topics without joining a group (`tail`); members of a group are
 * clients of our library.
 */
export class CommandPeer implements Peer {
  readonly kind = 'commands';
  readonly name = 'our commands';
  readonly isSlow = true;
  readonly #playground: Playground;
  readonly #namesrvAddr: string;
  readonly #members: LibraryPeer;
  readonly #tails = new Map<string, Child>();
  readonly #pullers = new Map<string, PullerSpec>();
  /** Producers. They trace to RMQ_SYS_TRACE_TOPIC. */
  readonly #tracing = new Set<string>();

  /** @param members plays the members of groups */
  constructor(playground: Playground, namesrvAddr: string, members: LibraryPeer) {
    this.#playground = playground;
    this.#namesrvAddr = namesrvAddr;
    this.#members = members;
  }

  /** The members of groups. */
  get members(): LibraryPeer {
    return this.#members;
  }

  /** Runs a command. @returns its stdout @throws Error with its stderr unless it ends with 0 */
  async run(...args: readonly string[]): Promise<string> {
    const lines: string[] = [];
    const child = this.#spawn(args, (line) => lines.push(line));
    const late = systemClock.after(LIMIT_MS, () => child.killNow());
    const how = await child.ended;
    late.cancel();
    if (how !== 0) throw new Error(`mqadmin ${args.join(' ')} ended with ${how}: ${child.tail(3)}`);
    return lines.join('\n');
  }

  /** Runs a command with --json. */
  async json<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.run(...args, '--json')) as T;
  }

  #spawn(args: readonly string[], onLine: (line: string) => void): Child {
    const env = { NAMESRV_ADDR: this.#namesrvAddr };
    return this.#playground.spawn('mqadmin', process.execPath, [BIN, ...args], { onLine, env });
  }

  async producer(client: string, spec: ProducerSpec): Promise<void> {
    if (spec.traceTopic !== undefined) this.#tracing.add(client);
  }

  async send(client: string, topic: string, mode: SendMode, messages: readonly OutMessage[]): Promise<SentMessage[]> {
    if (mode !== 'sync') unable(`send ${mode}`);
    const results: SentMessage[] = [];
    for (const { body, tags, keys, delayLevel, delayMs, properties } of messages) {
      const args = ['message', 'send', topic, '--body', body];
      if (tags !== undefined) args.push('--tag', tags);
      if (keys !== undefined) args.push('--key', keys);
      if (delayLevel !== undefined) args.push('--delay-level', String(delayLevel));
      if (this.#tracing.has(client)) args.push('--trace', 'true');
      if (delayMs !== undefined) args.push('--delay', `${delayMs}ms`);
      for (const [name, value] of Object.entries(properties ?? {})) args.push('--property', `${name}=${value}`);
      const { sendStatus, ...sent } = await this.json<SentMessage & { sendStatus: string }>(...args);
      results.push({ ...sent, status: sendStatus });
    }
    return results;
  }

  async recall(): Promise<void> {
    unable('recall');
  }

  async request(): Promise<string> {
    return unable('request');
  }

  async consumer(client: string, spec: ConsumerSpec, onMessage: (message: SeenMessage) => void): Promise<void> {
    if (spec.expressionType === 'SQL92') unable('filter by SQL92');
    const args = ['tail', spec.topic, '--from', 'start', '--tag', spec.expression, '--follow', '--output', 'ndjson'];
    const child = this.#spawn(args, (line) => onMessage(seen(JSON.parse(line) as MessageDoc)));
    this.#tails.set(client, child);
  }

  async puller(client: string, spec: PullerSpec): Promise<void> {
    if (spec.seekTo === undefined) unable('be a member of a group');
    this.#pullers.set(client, spec);
  }

  async poll(client: string): Promise<SeenMessage[]> {
    const spec = this.#pullers.get(client);
    if (spec === undefined) return [];
    this.#pullers.delete(client);
    const text = await this.run('tail', spec.topic, '--from', String(spec.seekTo), '--no-follow', '--output', 'ndjson');
    const lines = text.split('\n').filter((line) => line !== '');
    return lines.map((line) => seen(JSON.parse(line) as MessageDoc));
  }

  async commit(): Promise<void> {
    unable('commit');
  }

  async query(_client: string, topic: string, key: string): Promise<string[]> {
    const { messages } = await this.json<{ messages: MessageDoc[] }>('message', 'query-by-key', topic, key);
    return messages.map(({ body }) => body);
  }

  async view(_client: string, topic: string, messageId: string): Promise<string> {
    return (await this.json<MessageDoc>('message', 'query-by-id', messageId, '--topic', topic)).body;
  }

  async resetOffset(_client: string, topic: string, group: string, timestamp: number): Promise<void> {
    await this.run('offset', 'reset', group, topic, '--to', `@${timestamp}`, '--yes');
  }

  async close(client: string): Promise<void> {
    await this.#tails.get(client)?.stop();
    this.#tails.delete(client);
  }

  async end(): Promise<void> {
    await this.#members.end();
    await Promise.all([...this.#tails.values()].map((child) => child.stop()));
  }
}

function seen(message: MessageDoc): SeenMessage {
  return { ...message, atMs: systemClock.now() };
}
