/**
 * What a broker tells each name server (103).
 *
 * Source: remoting/.../protocol/body/RegisterBrokerBody.java, common/.../TopicConfig.java
 */
import { deflateSync, inflateSync } from 'node:zlib';
import { dataVersionType } from '../data-version.js';
import { RemotingCommandError } from '../errors.js';
import { stringifyFastjson } from '../fastjson.js';
import { MQVersion } from '../mq-version.js';
import { type TopicConfig, topicConfigType } from '../topic-config.js';
import { bean, bodyCodec, emptyBean, type JsonOf, listOf, parseJson, readJson, recordOf, text } from './schema.js';
import { type TopicQueueMappingInfo, topicQueueMappingInfoType } from './static-topic.js';
import { topicConfigAndMappingSerializeWrapperType } from './topic.js';

const registerBrokerBodyType = bean('RegisterBrokerBody', {
  topicConfigSerializeWrapper: emptyBean(topicConfigAndMappingSerializeWrapperType),
  filterServerList: listOf(text()),
});

/** Request of 103 of brokers since V3_0_11; before, it was a bare TopicConfigSerializeWrapper. */
export interface RegisterBrokerBody extends JsonOf<typeof registerBrokerBodyType> {}

const json = bodyCodec('RegisterBrokerBody', registerBrokerBodyType);
const filterServerListType = listOf(text());
const attributesType = recordOf(text());

/** Bound on what a compressed body may inflate to: about a million topics. */
export const MAX_INFLATED_BYTES = 128 * 1024 * 1024;

/** Form of the body to write. */
export interface EncodeRegisterBrokerOptions {
  /** True for the binary form; the request's header must say so too. Default false. */
  compressed?: boolean;
}

/** Form of the body to read. */
export interface DecodeRegisterBrokerOptions {
  /** `compressed` of the request's header. */
  compressed: boolean;
  /** `version` of the request's frame: the binary form has a mapping section since V5_0_0. */
  version: number;
}

/** The body, as JSON or in the binary form of a sender of CURRENT_VERSION. */
export function encodeRegisterBrokerBody(body: RegisterBrokerBody, options: EncodeRegisterBrokerOptions = {}): Buffer {
  return options.compressed ? deflateSync(encodeSections(body), { level: 9 }) : json.encode(body);
}

/** @throws RemotingCommandError if the body is missing, does not inflate, is cut short or does not fit */
export function decodeRegisterBrokerBody(
  body: Buffer | null,
  options: DecodeRegisterBrokerOptions,
): RegisterBrokerBody {
  if (!options.compressed || body === null) return json.decode(body);
  let sections: Buffer;
  try {
    sections = inflateSync(body, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch (error) {
    throw new RemotingCommandError('RegisterBrokerBody does not inflate', { cause: error });
  }
  return decodeSections(sections, options.version);
}

/**
 * TopicConfig as the binary form has it: `topicName readQueueNums writeQueueNums perm topicFilterType attributes`,
 * joined by blanks. topicSysFlag and order are not carried.
 */
function topicConfigText(config: TopicConfig): string {
  const attributes = stringifyFastjson(attributesType.write(config.attributes));
  return [
    config.topicName,
    config.readQueueNums,
    config.writeQueueNums,
    config.perm,
    config.topicFilterType,
    attributes,
  ].join(' ');
}

/** Attributes are absent in 4.9, and those that hold a blank are lost, as in Java. */
function parseTopicConfigText(line: string): TopicConfig {
  const [topicName, readQueueNums, writeQueueNums, perm, topicFilterType, attributes] = line.split(' ');
  if (topicFilterType === undefined) {
    throw new RemotingCommandError(`RegisterBrokerBody: topic config ${JSON.stringify(line.slice(0, 200))}`);
  }
  const raw = { topicName, readQueueNums, writeQueueNums, perm, topicFilterType };
  const config = readJson(topicConfigType, 'RegisterBrokerBody', raw);
  if (attributes !== undefined) {
    try {
      config.attributes = parseJson(attributesType, 'attributes', attributes);
    } catch (error) {
      if (!(error instanceof RemotingCommandError)) throw error;
    }
  }
  return config;
}

/**
 * The content of the zlib stream; ints are big-endian int32.
 *
 *   len | DataVersion JSON
 *   count | { len | topic config text }*
 *   len | JSON array of filter servers
 *   count | { len | TopicQueueMappingInfo JSON }*       since V5_0_0
 */
function encodeSections(body: RegisterBrokerBody): Buffer {
  const wrapper = body.topicConfigSerializeWrapper;
  const parts: Buffer[] = [];
  const count = (n: number) => {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeInt32BE(n);
    parts.push(bytes);
  };
  const section = (content: string) => {
    const bytes = Buffer.from(content);
    count(bytes.length);
    parts.push(bytes);
  };
  section(stringifyFastjson(dataVersionType.write(wrapper.dataVersion)));
  const topics = Object.values(wrapper.topicConfigTable);
  count(topics.length);
  for (const topic of topics) section(topicConfigText(topic));
  section(stringifyFastjson(body.filterServerList));
  const mappings = Object.values(wrapper.topicQueueMappingInfoMap);
  count(mappings.length);
  for (const mapping of mappings) section(stringifyFastjson(topicQueueMappingInfoType.write(mapping)));
  return Buffer.concat(parts);
}

class SectionReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  #take(bytes: number): number {
    const available = this.#bytes.length - this.#at;
    if (bytes < 0 || bytes > available) {
      throw new RemotingCommandError(
        `RegisterBrokerBody at ${this.#at}: ${bytes} bytes needed, ${available} available`,
      );
    }
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  count(): number {
    const n = this.#bytes.readInt32BE(this.#take(4));
    if (n < 0) throw new RemotingCommandError(`RegisterBrokerBody at ${this.#at - 4}: count ${n}`);
    return n;
  }

  text(): string {
    const bytes = this.#bytes.readInt32BE(this.#take(4));
    const at = this.#take(bytes);
    return this.#bytes.toString('utf8', at, at + bytes);
  }
}

function decodeSections(bytes: Buffer, version: number): RegisterBrokerBody {
  const reader = new SectionReader(bytes);
  const dataVersion = parseJson(dataVersionType, 'DataVersion', reader.text());
  const topicConfigTable: Record<string, TopicConfig> = Object.create(null);
  for (let left = reader.count(); left > 0; left--) {
    const config = parseTopicConfigText(reader.text());
    topicConfigTable[config.topicName] = config;
  }
  const filterServerList = parseJson(filterServerListType, 'filterServerList', reader.text());
  const topicQueueMappingInfoMap: Record<string, TopicQueueMappingInfo> = Object.create(null);
  if (version >= MQVersion.V5_0_0) {
    for (let left = reader.count(); left > 0; left--) {
      const info = parseJson(topicQueueMappingInfoType, 'TopicQueueMappingInfo', reader.text());
      topicQueueMappingInfoMap[info.topic] = info;
    }
  }
  return {
    topicConfigSerializeWrapper: {
      dataVersion,
      topicConfigTable,
      topicQueueMappingInfoMap,
      topicQueueMappingDetailMap: Object.create(null),
      mappingDataVersion: { counter: 0, timestamp: 0, stateVersion: 0 },
    },
    filterServerList,
  };
}
