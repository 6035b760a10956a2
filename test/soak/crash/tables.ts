/**
 * Saves the broker's tables in config/, damages one of their files or its backup, and looks whether the next start has
 * what was saved last, or before, and keeps what it could not read.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ConfigFile } from '../../../src/base/config-file.js';
import { silentLogger } from '../../../src/base/logger.js';
import { loadTable } from '../../../src/broker/load-table.js';
import {
  decodeConsumerFilterWrapper,
  decodeConsumerOffsetSerializeWrapper,
  decodeConsumerOrderInfo,
  decodeDelayOffsetSerializeWrapper,
  decodeMessageRequestModeSerializeWrapper,
  decodeSubscriptionGroupWrapper,
  decodeTimerMetricsSerializeWrapper,
  decodeTopicConfigSerializeWrapper,
  decodeTopicQueueMappingSerializeWrapper,
} from '../../../src/protocol/bodies.js';
import { seeded } from '../../helper/seeded.js';
import { between, pick } from './random.js';

type Random = () => number;

const version = (n: number) => `{"counter":${n},"stateVersion":0,"timestamp":1758200000000}`;
const topic = (n: number) =>
  `{"attributes":{},"order":false,"perm":6,"readQueueNums":${n},"topicFilterType":"SINGLE_TAG",` +
  `"topicName":"orders","topicSysFlag":0,"writeQueueNums":${n}}`;

/** The files with their content after the n-th change, as Apache's brokers write it. */
const TABLES: Record<string, { decode: (body: Buffer) => unknown; text: (n: number) => string }> = {
  'topics.json': {
    decode: decodeTopicConfigSerializeWrapper,
    text: (n) => `{"dataVersion":${version(n)},"topicConfigTable":{"orders":${topic(n)}}}`,
  },
  'topicQueueMapping.json': {
    decode: decodeTopicQueueMappingSerializeWrapper,
    text: (n) =>
      `{"dataVersion":${version(n)},"topicQueueMappingInfoMap":{"st":{"bname":"b-a","currIdMap":{0:0},"dirty":false,` +
      `"epoch":1758200000000,"hostedQueues":{0:[{"bname":"b-a","endOffset":-1,"gen":0,"logicOffset":${n},"queueId":0,` +
      `"startOffset":0,"timeOfEnd":-1,"timeOfStart":-1}]},"scope":"__global__","topic":"st","totalQueues":1}}}`,
  },
  'subscriptionGroup.json': {
    decode: decodeSubscriptionGroupWrapper,
    text: (n) =>
      `{"dataVersion":${version(n)},"forbiddenTable":{"g1":{"orders":4}},"subscriptionGroupTable":{"g1":{"brokerId":0,` +
      `"consumeEnable":true,"groupName":"g1","retryMaxTimes":${n},"retryQueueNums":1}}}`,
  },
  'consumerOffset.json': {
    decode: decodeConsumerOffsetSerializeWrapper,
    text: (n) => `{"dataVersion":${version(n)},"offsetTable":{"orders@g1":{0:${n * 10},1:${n}}}}`,
  },
  'delayOffset.json': {
    decode: decodeDelayOffsetSerializeWrapper,
    text: (n) => `{"dataVersion":${version(n)},"offsetTable":{3:${n},5:7}}`,
  },
  'consumerFilter.json': {
    decode: decodeConsumerFilterWrapper,
    text: (n) =>
      '{"filterDataByTopic":{"orders":{"groupFilterData":{"g2":{"bloomFilterData":{"bitNum":64,"bitPos":[3,17,40]},' +
      `"bornTime":1758200000000,"clientVersion":${n},"consumerGroup":"g2","dead":false,"deadTime":0,` +
      '"expression":"price > 10","expressionType":"SQL92","topic":"orders"}},"topic":"orders"}}}',
  },
  'consumerOrderInfo.json': {
    decode: decodeConsumerOrderInfo,
    text: (n) =>
      '{"table":{"orders@g1":{0:{"a":"attempt-1","cm":1,"i":30000,"l":1758200000100,"o":[100,1,2],' +
      `"oc":{101:${n}},"ot":{101:1758200030000},"popTime":1758200000000}}}}`,
  },
  'messageRequestMode.json': {
    decode: decodeMessageRequestModeSerializeWrapper,
    text: (n) =>
      '{"messageRequestModeMap":{"orders":{"g1":{"consumerGroup":"g1","mode":"POP",' +
      `"popShareQueueNum":${n},"topic":"orders"}}}}`,
  },
  timermetrics: {
    decode: decodeTimerMetricsSerializeWrapper,
    text: (n) => `{"dataVersion":${version(n)},"timingCount":{"orders":{"count":${n},"timeStamp":1758200000000}}}`,
  },
};

/** Harms a file; true if nothing of it can be taken for what it was. */
function harm(path: string, random: Random): { what: string; isUnsure: boolean } {
  const bytes = readFileSync(path);
  const at = between(random, 0, bytes.length - 1);
  switch (pick(random, ['remove', 'cut', 'zeros', 'noise', 'flip'])) {
    case 'remove':
      rmSync(path);
      return { what: `${path} removed`, isUnsure: false };
    case 'cut':
      truncateSync(path, at);
      return { what: `${path} cut at ${at}`, isUnsure: false };
    case 'zeros':
      bytes.fill(0, at);
      writeFileSync(path, bytes);
      return { what: `${path} zeros from ${at}`, isUnsure: false };
    case 'noise':
      for (let i = at; i < bytes.length; i++) bytes[i] = between(random, 128, 255);
      writeFileSync(path, bytes);
      return { what: `${path} noise from ${at}`, isUnsure: true };
    default:
      bytes[at] = (bytes[at] as number) ^ (1 << between(random, 0, 7));
      writeFileSync(path, bytes);
      return { what: `${path} a bit flipped at ${at}`, isUnsure: true };
  }
}

async function tableCase(folder: string, random: Random): Promise<void> {
  const name = pick(random, Object.keys(TABLES));
  const { decode, text } = TABLES[name] as (typeof TABLES)[string];
  const path = join(folder, name);
  const saves = between(random, 1, 4);
  for (let n = 1; n <= saves; n++) await new ConfigFile(path).save(text(n));
  // What a stop in the middle of a save leaves.
  if (random() < 0.3) writeFileSync(`${path}.tmp`, text(saves + 1).slice(0, between(random, 0, 60)));
  const hasBackup = saves > 1;
  const isBackupHarmed = hasBackup && random() < 0.2;
  const { what, isUnsure } = harm(isBackupHarmed ? `${path}.bak` : path, random);
  const harmed = existsSync(path) ? readFileSync(path) : null;
  let errors = 0;
  const logger = { ...silentLogger, error: () => void errors++ };
  const loaded = await loadTable(new ConfigFile(path), decode, logger);
  const fail = (wrong: string): never => {
    throw new Error(`${saves} saves, ${what}: ${wrong}`);
  };
  const is = (n: number) => isDeepStrictEqual(loaded, decode(Buffer.from(text(n))));
  const kept = readdirSync(folder).filter((file) => file.includes('.broken'));
  if (isBackupHarmed) {
    if (!is(saves)) fail('not what was saved last');
  } else if (kept.length > 0) {
    if (errors !== 1) fail(`${errors} errors are logged`);
    if (!harmed?.equals(readFileSync(join(folder, kept[0] as string)))) fail('the broken file is not kept as it was');
    if (hasBackup ? !is(saves - 1) : loaded !== null) fail('not what was saved before');
  } else if (!isUnsure && !(hasBackup ? is(saves - 1) : loaded === null) && !is(saves)) {
    fail('neither what was saved last nor before');
  }
  await new ConfigFile(path).save(text(9));
  const again = await loadTable(new ConfigFile(path), decode, silentLogger);
  if (!isDeepStrictEqual(again, decode(Buffer.from(text(9))))) fail('what is saved after that can not be read');
  if (kept.some((file) => !existsSync(join(folder, file)))) fail('the broken file is gone with the next save');
}

/**
 * Runs `cases` cases.
 *
 * @throws Error naming the seed that makes the case again, at the first promise that is not kept
 */
export async function tableCases(cases: number, seed: number): Promise<void> {
  for (let done = 0; done < cases; done++) {
    const folder = mkdtempSync(join(tmpdir(), 'mqadmin-crash-tables-'));
    try {
      await tableCase(folder, seeded(seed + done));
    } catch (error) {
      throw new Error(`seed ${seed + done}: ${error instanceof Error ? error.message : error}`, { cause: error });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
