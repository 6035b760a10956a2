import { createReadStream, createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { errorText } from '../base/errors.js';
import type { MessageExt } from '../protocol/message.js';
import { AdminError } from './failure.js';
import { type MessageDoc, messageDoc } from './message-doc.js';

/**
 * Files of messages: one JSON document a line, as `tail --output ndjson` prints them; packed by gzip when the name ends
 * in `.gz`.
 */
export interface Recorder {
  /** Resolves when the file takes more. */
  write(message: MessageExt): Promise<void>;
  /** Resolves when all is in the file. */
  close(): Promise<void>;
}

/** How an existing file is treated. */
export type IfExists = 'refuse' | 'append' | 'overwrite';

/** @throws AdminError (usage) when the file cannot be made, or is there and must not be */
export async function openRecorder(path: string, ifExists: IfExists): Promise<Recorder> {
  const flags = { refuse: 'wx', append: 'a', overwrite: 'w' }[ifExists];
  const file = createWriteStream(path, { flags });
  await new Promise<void>((resolve, reject) => {
    file.once('open', () => resolve());
    file.once('error', reject);
  }).catch((error: NodeJS.ErrnoException) => {
    const hint = error.code === 'EEXIST' ? { hint: '--append adds to it, --overwrite replaces it' } : {};
    throw new AdminError('usage', `${path} cannot be written: ${errorText(error)}`, { cause: error, ...hint });
  });
  // Members of gzip one after the other are one file.
  const packer = path.endsWith('.gz') ? createGzip() : null;
  packer?.pipe(file);
  const into = packer ?? file;
  const ended = finished(file);
  // Told at the next write, or when it is closed.
  let failure: unknown = null;
  ended.catch((error: unknown) => {
    failure = error;
  });
  return {
    write: async (message) => {
      if (failure !== null) throw failure;
      const isOpen = into.write(`${JSON.stringify(messageDoc(message))}\n`);
      if (!isOpen) await Promise.race([new Promise<void>((resolve) => into.once('drain', () => resolve())), ended]);
    },
    close: async () => {
      into.end();
      await ended;
    },
  };
}

/** A message of a file, with the line that it stands in. */
export interface Recorded {
  readonly line: number;
  readonly topic: string;
  /** Source queue, for what has to keep its order; null when the file does not say. */
  readonly source: string | null;
  /** Store time, ms; null when the file does not say. */
  readonly storeTimestamp: number | null;
  readonly flag: number;
  readonly properties: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/**
 * Reads a file of messages, line by line.
 *
 * @throws AdminError (usage) for a file that cannot be read, or naming the line that is no message
 */
export async function* readRecording(path: string): AsyncGenerator<Recorded, void, undefined> {
  const file = createReadStream(path);
  const source = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => source.destroy(error));
  let line = 0;
  try {
    let rest = '';
    const decoder = new TextDecoder('utf-8', { fatal: true });
    for await (const chunk of source) {
      const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) {
        line += 1;
        if (text.trim() !== '') yield messageOf(text, line);
      }
    }
    line += 1;
    if (rest.trim() !== '') yield messageOf(rest, line);
  } catch (error) {
    if (error instanceof AdminError) throw new AdminError('usage', `${path}:${error.message}`, { cause: error });
    if (error instanceof Error && 'code' in error) {
      throw new AdminError('usage', `${path} cannot be read after line ${line}: ${errorText(error)}`, { cause: error });
    }
    throw error;
  }
}

function messageOf(text: string, line: number): Recorded {
  const refuse = (what: string): AdminError => new AdminError('usage', `${line}: ${what}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(`no JSON: ${errorText(error)}`);
  }
  if (typeof value !== 'object' || value === null) throw refuse('no message');
  const doc = value as Partial<Record<keyof MessageDoc, unknown>>;
  const { topic, body, properties = {}, tags, keys, brokerName, queueId, storeTimestamp, flag } = doc;
  if (typeof topic !== 'string' || topic === '') throw refuse('topic is missing');
  if (typeof body !== 'string') throw refuse('body is missing');
  if (typeof properties !== 'object' || properties === null) throw refuse('properties is no object');
  const pairs = Object.entries(properties);
  if (!pairs.every(([, each]) => typeof each === 'string')) throw refuse('a property is no text');
  const map = new Map(pairs as Array<[string, string]>);
  if (typeof tags === 'string' && tags !== '' && !map.has('TAGS')) map.set('TAGS', tags);
  if (typeof keys === 'string' && keys !== '' && !map.has('KEYS')) map.set('KEYS', keys);
  return {
    line,
    topic,
    source: typeof queueId === 'number' ? `${topic} ${String(brokerName)} ${queueId}` : null,
    storeTimestamp: typeof storeTimestamp === 'number' ? storeTimestamp : null,
    flag: typeof flag === 'number' ? flag : 0,
    properties: map,
    body: Buffer.from(body, doc.bodyEncoding === 'base64' ? 'base64' : 'utf8'),
  };
}
