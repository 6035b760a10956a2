import { sleep } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import { publishQueues } from '../client/route.js';
import type { MessageExt } from '../protocol/message.js';
import { AdminError } from './failure.js';
import { openSender, type Sender } from './message-send.js';
import { Pacer } from './pacer.js';
import { type Recorded, readRecording } from './recording.js';
import { redactor } from './redact.js';
import { resendProperties } from './resend-properties.js';
import type { AdminSession } from './session.js';

export interface ReplayRequest {
  readonly file: string;
  /** How much faster than recorded; null: as fast as it goes. */
  readonly speed: number | null;
  /** Messages a second at most; null: no limit. */
  readonly rate: number | null;
  /** Recorded topic to the one sent to; others keep their name. */
  readonly topics: ReadonlyMap<string, string>;
  readonly redact: readonly string[];
  /** Messages of the file that are passed over first. */
  readonly skip: number;
  /** Messages sent at most; null: all. */
  readonly count: number | null;
  /** Nothing is sent. */
  readonly isDryRun: boolean;
}

export interface Replayed {
  readonly file: string;
  readonly sent: number;
  readonly skipped: number;
  /** Messages by the topic that they went to. */
  readonly topics: Readonly<Record<string, number>>;
  /** Time from the first to the last message as recorded, ms; null when the file does not say. */
  readonly recordedMs: number | null;
  readonly tookMs: number;
  readonly dryRun: boolean;
}

/**
 * Sends the messages of a file with their properties, in the file's order; those of one recorded queue go to one queue.
 *
 * @throws AdminError naming the line that failed and how to go on; as readRecording
 */
export async function replay(
  session: AdminSession,
  request: ReplayRequest,
  onSent: (sent: number) => void = () => {},
): Promise<Replayed> {
  const { clock, signal } = session;
  const { speed, isDryRun, skip } = request;
  const clean = redactor(request.redact);
  const pacer = new Pacer(clock, isDryRun ? null : request.rate, signal);
  const queues = new QueueChoice(session);
  const topics = new Map<string, number>();
  const limit = request.count ?? Number.POSITIVE_INFINITY;
  const beginMs = clock.monotonicMs();
  let sender: Sender | null = null;
  let [sent, passed] = [0, 0];
  let [first, last]: [number | null, number | null] = [null, null];
  try {
    for await (const recorded of readRecording(request.file)) {
      if (sent >= limit) break;
      if (passed < skip) {
        passed += 1;
        continue;
      }
      const topic = request.topics.get(recorded.topic) ?? recorded.topic;
      const { storeTimestamp } = recorded;
      if (storeTimestamp !== null) {
        first ??= storeTimestamp;
        last = storeTimestamp;
      }
      if (!isDryRun) {
        if (speed !== null && first !== null && storeTimestamp !== null) {
          const waitMs = beginMs + (storeTimestamp - first) / speed - clock.monotonicMs();
          if (waitMs >= 1) await sleep(waitMs, signal);
        }
        await pacer.turn();
        sender ??= await openSender(session, topic);
        const message = clean(asStored(recorded));
        const ready = { ...message, topic, properties: resendProperties(message.properties) };
        await sender.send(ready, await queues.of(topic, recorded.source)).catch((error: unknown) => {
          signal?.throwIfAborted();
          throw new AdminError('failed', `${request.file}:${recorded.line}: ${errorText(error)}`, {
            hint: `${sent} messages were sent before; --skip ${skip + sent} goes on there`,
            cause: error,
          });
        });
      }
      sent += 1;
      topics.set(topic, (topics.get(topic) ?? 0) + 1);
      onSent(sent);
    }
  } finally {
    await sender?.close();
  }
  return {
    file: request.file,
    sent,
    skipped: passed,
    topics: Object.fromEntries(topics),
    recordedMs: first === null || last === null ? null : last - first,
    tookMs: Math.round(clock.monotonicMs() - beginMs),
    dryRun: isDryRun,
  };
}

/** Redaction looks at topic, properties and body alone. */
function asStored({ topic, flag, properties, body }: Recorded): MessageExt {
  return { topic, flag, properties: new Map(properties), body } as MessageExt;
}

/** A queue for each recorded one, so that what was in order stays so. */
class QueueChoice {
  readonly #session: AdminSession;
  readonly #queues = new Map<string, ReturnType<typeof publishQueues>>();
  readonly #chosen = new Map<string, number>();

  constructor(session: AdminSession) {
    this.#session = session;
  }

  /** Null: any queue will do. */
  async of(topic: string, source: string | null): Promise<{ brokerName: string; queueId: number } | null> {
    if (source === null) return null;
    const queues = this.#queues.get(topic) ?? (await this.#read(topic));
    if (queues.length === 0) return null;
    const key = `${topic} ${source}`;
    const index = this.#chosen.get(key) ?? this.#chosen.size;
    this.#chosen.set(key, index);
    const { brokerName, queueId } = queues[index % queues.length] as (typeof queues)[number];
    return brokerName === null ? null : { brokerName, queueId };
  }

  async #read(topic: string): Promise<ReturnType<typeof publishQueues>> {
    const { api } = this.#session;
    // A topic without a route may be made by the first message.
    const queues = await api.getTopicRouteInfo(topic, this.#session.deadline().call()).then(
      (route) => publishQueues(topic, route),
      () => [],
    );
    if (queues.length > 0) this.#queues.set(topic, queues);
    return queues;
  }
}
