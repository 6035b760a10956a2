/** The codec of every body by its Java class, with untyped values: goldens and properties go through all of them. */

import { bodyCodec } from '../../src/protocol/bodies/schema.js';
import * as bodies from '../../src/protocol/bodies.js';
import { messageQueueType } from '../../src/protocol/message-queue.js';
import { CURRENT_VERSION } from '../../src/protocol/mq-version.js';
import { type GoldenCase, goldenCases } from './golden.js';

export interface UntypedCodec {
  encode(value: unknown): Buffer;
  format(value: unknown): string;
  decode(body: Buffer | null): unknown;
}

type Functions = Record<string, ((...args: never[]) => unknown) | undefined>;

function untyped<T>(codec: ReturnType<typeof bodyCodec<T>>): UntypedCodec {
  return codec as unknown as UntypedCodec;
}

/** Classes that travel only inside others. */
const PARTS: Record<string, UntypedCodec> = {
  MessageQueue: untyped(bodyCodec('MessageQueue', messageQueueType)),
  QueueData: untyped(bodyCodec('QueueData', bodies.queueDataType)),
  BrokerData: untyped(bodyCodec('BrokerData', bodies.brokerDataType)),
  ProducerData: untyped(bodyCodec('ProducerData', bodies.producerDataType)),
  ProcessQueueInfo: untyped(bodyCodec('ProcessQueueInfo', bodies.processQueueInfoType)),
  PopProcessQueueInfo: untyped(bodyCodec('PopProcessQueueInfo', bodies.popProcessQueueInfoType)),
};

/** Config files are written by other classes than those that read them over the wire. */
const FILES: Record<string, string> = {
  ConsumerOffsetManager: 'ConsumerOffsetSerializeWrapper',
  SubscriptionGroupManager: 'SubscriptionGroupWrapper',
  TopicConfigManager: 'TopicConfigSerializeWrapper',
};

const ENCODE_OPTIONS = { standardJson: false, compressed: false };
const DECODE_OPTIONS = { compressed: false, version: CURRENT_VERSION };

/** @throws Error if there is no codec for the class */
export function bodyCodecOf(className: string): UntypedCodec {
  const part = PARTS[className];
  if (part !== undefined) return part;
  const name = FILES[className] ?? className;
  const functions = bodies as unknown as Functions;
  const encode = functions[`encode${name}`] as ((value: unknown, options: object) => Buffer) | undefined;
  const decode = functions[`decode${name}`] as ((body: Buffer | null, options: object) => unknown) | undefined;
  const format = functions[`format${name}`] as ((value: unknown) => string) | undefined;
  if (encode === undefined || decode === undefined) throw new Error(`no codec for ${className}`);
  return {
    encode: (value) => encode(value, ENCODE_OPTIONS),
    decode: (body) => decode(body, DECODE_OPTIONS),
    format: (value) => {
      if (format === undefined) throw new Error(`${className} is no config file`);
      return format(value);
    },
  };
}

/** Every name in bodies.ts with an encoder and a decoder. */
export const BODY_CLASSES: readonly string[] = Object.keys(bodies)
  .filter((name) => name.startsWith('encode') && `decode${name.slice(6)}` in bodies)
  .map((name) => name.slice(6));

export interface BodyCase extends GoldenCase {
  input: { class: string; fields: Record<string, unknown>; standard?: true; pretty?: true };
  json?: string;
  /** zlib data of a compressed RegisterBrokerBody, and its content. */
  hex?: string;
  inflatedHex?: string;
  decodedJson?: string;
}

export interface BodyExample extends GoldenCase {
  class: string;
  json: string;
}

export const bodyGoldens = (): BodyCase[] => goldenCases<BodyCase>('bodies-json');
export const bodyExamples = (): BodyExample[] => goldenCases<BodyExample>('body-examples');
