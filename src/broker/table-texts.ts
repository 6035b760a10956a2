/** The texts of table files, so made that a big table does not hold up the event loop. */
import type { Clock } from '../base/clock.js';
import { quoteFastjson, stringifyFastjson } from '../protocol/fastjson.js';
import { isLmq } from '../protocol/topic-validator.js';
import { type ConsumerOffsetTable, splitTopicAtGroup } from './consumer-offset-table.js';

/** How long a table is rendered before everything else has its turn. */
const SLICE_MS = 2;
/** The clock is read once for so many entries. */
const ENTRIES_PER_LOOK = 64;
/** What follows the entries of a table that is the last field of its file. */
const TABLE_END = '\n\t}\n}';

/** Cuts long work into pieces. */
class Slices {
  readonly #clock: Clock;
  #endMs: number;
  #untilLook = ENTRIES_PER_LOOK;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endMs = clock.monotonicMs() + SLICE_MS;
  }

  /** Whether it is time to `pause`; asked for each entry. */
  isOver(): boolean {
    if (--this.#untilLook > 0) return false;
    this.#untilLook = ENTRIES_PER_LOOK;
    return this.#clock.monotonicMs() >= this.#endMs;
  }

  /** Lets everything else have its turn. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#endMs = this.#clock.monotonicMs() + SLICE_MS;
  }
}

/**
 * Renders a file whose last field is a table by name. The values are replaced when they change, never changed in
 * place, so that the text of each is made once.
 */
export class KeptTexts<Value extends object> {
  readonly #texts = new WeakMap<Value, string>();
  readonly #tableStart: string;
  readonly #format: (table: Record<string, Value>) => string;

  /** @param format the file's text with that table in it */
  constructor(fieldName: string, format: (table: Record<string, Value>) => string) {
    this.#tableStart = `\n\t"${fieldName}":{`;
    this.#format = format;
  }

  #entry(name: string, value: Value): string {
    let text = this.#texts.get(value);
    if (text === undefined) {
      const file = this.#format({ [name]: value });
      const start = file.indexOf(this.#tableStart) + this.#tableStart.length;
      text = file.slice(start, -TABLE_END.length);
      this.#texts.set(value, text);
    }
    return text;
  }

  /** The file's text, rendered in slices: changes of meanwhile may be in it or not. */
  async render(table: ReadonlyMap<string, Value>, clock: Clock): Promise<string> {
    const empty = this.#format({});
    const entries: string[] = [];
    const slices = new Slices(clock);
    for (const name of [...table.keys()]) {
      if (slices.isOver()) await slices.pause();
      const value = table.get(name);
      if (value) entries.push(this.#entry(name, value));
    }
    if (entries.length === 0) return empty;
    const start = empty.indexOf(this.#tableStart) + this.#tableStart.length;
    return empty.slice(0, start) + entries.join(',') + TABLE_END;
  }
}

/** `{0:12,1:7` and the end of a table two levels deep. */
function queuesText(queues: ReadonlyMap<number, number>): string {
  if (queues.size === 0) return '{}';
  let text = '{';
  for (const [queueId, queueOffset] of queues) text += `${text.length > 1 ? ',' : ''}${queueId}:${queueOffset}`;
  return `${text}\n\t\t}`;
}

/**
 * The text of consumerOffset.json, rendered in slices: commits of meanwhile may be in it or not.
 *
 * Java writes the whole manager object: `groupTopicMap` is a getter of it that readers ignore.
 */
export async function consumerOffsetText(table: ConsumerOffsetTable, clock: Clock): Promise<string> {
  const dataVersion = { ...table.version };
  const entries = table.entries();
  const offsets: string[] = [];
  /** Of groups that are light queues themselves; Apache keeps them in a table of their own. */
  const lmqOffsets: string[] = [];
  const topicsByGroup = new Map<string, string[]>();
  const slices = new Slices(clock);
  for (const key of [...entries.keys()]) {
    if (slices.isOver()) await slices.pause();
    const queues = entries.get(key);
    if (!queues) continue;
    const parts = splitTopicAtGroup(key);
    if (parts && isLmq(parts.group)) {
      lmqOffsets.push(`\n\t\t${quoteFastjson(key)}:${queues.get(0) ?? -1}`);
      continue;
    }
    offsets.push(`\n\t\t${quoteFastjson(key)}:${queuesText(queues)}`);
    if (!parts) continue;
    const topics = topicsByGroup.get(parts.group);
    if (topics) topics.push(quoteFastjson(parts.topic));
    else topicsByGroup.set(parts.group, [quoteFastjson(parts.topic)]);
  }
  const groups: string[] = [];
  for (const [group, topics] of topicsByGroup) groups.push(`\n\t\t${quoteFastjson(group)}:[${topics.join(',')}]`);
  const version = stringifyFastjson({ dataVersion }, { pretty: true }).slice(0, -'\n}'.length);
  const map = (texts: string[]) => (texts.length === 0 ? '{}' : `{${texts.join(',')}\n\t}`);
  const lmqTable = lmqOffsets.length === 0 ? '' : `\n\t"lmqOffsetTable":${map(lmqOffsets)},`;
  return `${version},\n\t"groupTopicMap":${map(groups)},${lmqTable}\n\t"offsetTable":${map(offsets)}\n}`;
}
