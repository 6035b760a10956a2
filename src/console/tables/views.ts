import type { BrokerReading, ClientReading } from '../../admin/cluster-sample.js';
import type { QueueProgress } from '../../admin/consumer-progress.js';
import { formatBytes, formatDuration, formatRate } from '../../cli/render/units.js';
import type { GroupRow, TopicRow } from '../state/frame.js';
import { type GroupState, lagAgeMs, SEVERITY } from '../state/group-state.js';
import { column } from './cells.js';
import { bar, cutEnd, cutMiddle, plain, type Tone } from './line.js';
import { type TableDef, unknown } from './table.js';

export const GLYPH: Record<GroupState, readonly [unicode: string, ascii: string, tone: Tone]> = {
  ok: ['●', '*', 'good'],
  behind: ['▲', '^', 'warn'],
  stuck: ['✖', 'x', 'bad'],
  offline: ['○', 'o', 'dim'],
  unknown: ['?', '?', 'warn'],
};

export const GROUPS: TableDef<GroupRow> = {
  noun: 'groups',
  key: ({ group }) => group,
  sort: { column: 'age', isDown: true },
  tie: (a, b) => SEVERITY[a.state] - SEVERITY[b.state] || (b.lag ?? 0) - (a.lag ?? 0),
  columns: [
    column.name({ key: 'group', title: 'GROUP' }, ({ group }) => group),
    {
      key: 'state',
      title: 'STATE',
      width: 9,
      isMoving: true,
      value: ({ state }) => state,
      cell: ({ state }, { ascii }) => {
        const [unicode, plainGlyph, tone] = GLYPH[state];
        return { text: `${ascii ? plainGlyph : unicode} ${state}`, tone };
      },
    },
    column.count({ key: 'lag', title: 'LAG' }, ({ lag }) => lag, {
      missing: () => ({ text: 'unknown', tone: 'warn' }),
    }),
    column.duration({ key: 'age', title: 'AGE' }, (row, { nowMs }) => lagAgeMs(row, nowMs)),
    column.rate({ key: 'in', title: 'IN/s', from: 90 }, ({ inRate }) => inRate),
    column.rate({ key: 'out', title: 'OUT/s' }, ({ outRate }) => outRate),
    {
      key: 'drain',
      title: 'DRAIN',
      width: 7,
      right: true,
      isMoving: true,
      isDown: true,
      value: ({ drainMs }) => drainMs,
      cell: ({ drainMs, outRate }, { ascii }) => {
        if (drainMs === null) return unknown(ascii);
        if (drainMs === Number.POSITIVE_INFINITY) {
          return { text: outRate === 0 ? (ascii ? 'never' : '∞') : 'grows', tone: 'warn' };
        }
        return plain(drainMs === 0 ? '0s' : drainMs < 1000 ? '<1s' : formatDuration(drainMs));
      },
    },
    column.count({ key: 'clients', title: 'CLIENTS', width: 7 }, ({ clients }) => clients?.length ?? null),
    column.count({ key: 'dead', title: 'DEAD', width: 7, from: 120 }, ({ dead }) => dead, {
      tone: (count) => (count > 0 ? 'warn' : 'plain'),
    }),
    {
      ...column.name<GroupRow>({ key: 'topics', title: 'TOPICS', from: 150 }, ({ topics }) =>
        topics.map(({ topic }) => topic).join(' '),
      ),
      width: 24,
    },
    column.trend({ key: 'trend', title: 'LAST 5 MIN', from: 98 }, ({ group }) => group),
  ],
};

export const TOPICS: TableDef<TopicRow> = {
  noun: 'topics',
  key: ({ topic }) => topic,
  sort: { column: 'in', isDown: true },
  columns: [
    column.name({ key: 'topic', title: 'TOPIC' }, ({ topic }) => topic),
    column.count({ key: 'depth', title: 'DEPTH' }, ({ depth }) => depth),
    column.rate({ key: 'in', title: 'IN/s' }, ({ inRate }) => inRate),
    column.rate({ key: 'out', title: 'OUT/s' }, ({ outRate }) => outRate),
    column.count({ key: 'size', title: 'SIZE', width: 11 }, ({ size }) => size, {
      missing: () => ({ text: 'unknown', tone: 'warn' }),
    }),
    column.count({ key: 'retry', title: 'RETRY', width: 6 }, ({ retry }) => retry, {
      tone: (count) => (count > 0 ? 'warn' : 'plain'),
    }),
    column.count({ key: 'dead', title: 'DEAD', width: 6 }, ({ dead }) => dead, {
      tone: (count) => (count > 0 ? 'warn' : 'plain'),
    }),
    column.count({ key: 'groups', title: 'GROUPS', width: 6, from: 90 }, ({ groups }) => groups),
    column.count({ key: 'queues', title: 'QUEUES', width: 6, from: 100 }, ({ queues }) => queues),
    column.duration({ key: 'last', title: 'LAST', from: 110 }, ({ lastStoredAtMs }, { nowMs }) =>
      lastStoredAtMs === null ? null : Math.max(0, nowMs - lastStoredAtMs),
    ),
    column.trend({ key: 'trend', title: 'IN/s, LAST 5 MIN', from: 98 }, ({ topic }) => topic),
  ],
};

/** `412 GiB, 9d4h`: what the commit log holds, and how far back it goes. */
export function commitLogText(broker: BrokerReading, nowMs: number): string | null {
  const { logMin, logMax, oldestMessageAtMs } = broker;
  if (logMin === null || logMax === null) return null;
  const age = oldestMessageAtMs === null ? '' : `, ${formatDuration(Math.max(0, nowMs - oldestMessageAtMs))}`;
  return `${formatBytes(logMax - logMin)}${age}`;
}

export const DISK_FULL = 0.8;
const PAGE_CACHE_BUSY_MS = 1000;

export const BROKERS: TableDef<BrokerReading> = {
  noun: 'brokers',
  key: ({ brokerName, brokerId }) => `${brokerName}/${brokerId}`,
  sort: { column: 'broker', isDown: false },
  columns: [
    column.name({ key: 'broker', title: 'BROKER' }, ({ brokerName }) => brokerName),
    {
      key: 'role',
      title: 'ROLE',
      width: 7,
      value: ({ brokerId }) => (brokerId === 0 ? 'master' : `slave ${brokerId}`),
    },
    {
      key: 'state',
      title: 'STATE',
      width: 8,
      value: ({ isAnswering }) => (isAnswering ? 'ok' : 'silent'),
      cell: ({ isAnswering }, { ascii }) =>
        isAnswering
          ? { text: `${ascii ? '*' : '●'} ok`, tone: 'good' }
          : { text: `${ascii ? 'x' : '✖'} silent`, tone: 'bad' },
    },
    column.rate({ key: 'in', title: 'IN/s' }, ({ inRate }) => inRate),
    column.rate({ key: 'out', title: 'OUT/s' }, ({ outRate }) => outRate),
    {
      key: 'put',
      title: 'PUT p99',
      width: 8,
      right: true,
      isMoving: true,
      isDown: true,
      value: ({ putP99Ms, putMaxMs }) => putP99Ms ?? putMaxMs,
      cell: ({ putP99Ms, putMaxMs }, { ascii }) => {
        if (putP99Ms !== null) return plain(`${putP99Ms}ms`);
        // 4.9 tells the slowest only.
        return putMaxMs === null ? unknown(ascii) : plain(`max ${putMaxMs}`);
      },
    },
    {
      key: 'cache',
      title: 'CACHE',
      width: 6,
      isMoving: true,
      isDown: true,
      value: ({ pageCacheMs }) => pageCacheMs,
      cell: ({ pageCacheMs }, { ascii }) => {
        if (pageCacheMs === null) return unknown(ascii);
        return pageCacheMs >= PAGE_CACHE_BUSY_MS
          ? { text: formatDuration(pageCacheMs), tone: 'bad' }
          : { text: 'fine', tone: 'plain' };
      },
    },
    {
      key: 'disk',
      title: 'DISK',
      width: 4,
      right: true,
      isMoving: true,
      isDown: true,
      value: ({ diskRatio }) => diskRatio,
      cell: ({ diskRatio }, { ascii }, width) => {
        if (diskRatio === null) return unknown(ascii);
        const text = `${Math.round(diskRatio * 100)}%`;
        const graph = width >= 12 ? `${bar(diskRatio, 7, ascii)} ` : '';
        return { text: `${graph}${text}`, tone: diskRatio > DISK_FULL ? 'bad' : 'plain' };
      },
    },
    {
      key: 'waits',
      title: 'WAITS',
      width: 10,
      from: 90,
      right: true,
      isMoving: true,
      isDown: true,
      value: ({ sendWaitMs, pullWaitMs }) =>
        sendWaitMs === null && pullWaitMs === null ? null : Math.max(sendWaitMs ?? 0, pullWaitMs ?? 0),
      cell: ({ sendWaitMs, pullWaitMs }, { ascii }) => {
        if (sendWaitMs === null && pullWaitMs === null) return unknown(ascii);
        const text = `${sendWaitMs ?? '?'}/${pullWaitMs ?? '?'}ms`;
        return { text, tone: Math.max(sendWaitMs ?? 0, pullWaitMs ?? 0) > 200 ? 'warn' : 'plain' };
      },
    },
    {
      key: 'log',
      title: 'COMMIT LOG',
      width: 18,
      from: 116,
      isMoving: true,
      isDown: true,
      value: ({ logMin, logMax }) => (logMin === null || logMax === null ? null : logMax - logMin),
      cell: (row, { ascii, nowMs }) => {
        const text = commitLogText(row, nowMs);
        return text === null ? unknown(ascii) : plain(text);
      },
    },
    {
      key: 'range',
      title: 'OFFSETS OF THE LOG',
      width: 30,
      from: 170,
      value: ({ logMin, logMax }) => (logMin === null || logMax === null ? null : `${logMin} - ${logMax}`),
    },
    column.name({ key: 'addr', title: 'ADDRESS', from: 140, width: 21 }, ({ addr }) => addr),
    { ...column.name<BrokerReading>({ key: 'version', title: 'VERSION' }, ({ version }) => version), width: 7 },
  ],
};

/** A consumer, in its group. */
export interface ClientRow extends ClientReading {
  readonly group: string;
  readonly consumeType: string | null;
  readonly messageModel: string | null;
  readonly subscriptions: readonly string[];
  /** Queues that it says it holds; null when it was not asked or did not answer. */
  readonly queues: number | null;
}

export const CLIENTS: TableDef<ClientRow> = {
  noun: 'clients',
  key: ({ group, clientId }) => `${group}\n${clientId}`,
  sort: { column: 'client', isDown: false },
  columns: [
    column.name({ key: 'client', title: 'CLIENT' }, ({ clientId }) => clientId),
    { ...column.name<ClientRow>({ key: 'group', title: 'GROUP' }, ({ group }) => group), width: 18 },
    column.name({ key: 'language', title: 'LANG', width: 6 }, ({ language }) => language),
    column.name({ key: 'version', title: 'VERSION', width: 9 }, ({ version }) => version),
    column.count({ key: 'queues', title: 'QUEUES', width: 6 }, ({ queues }) => queues),
    column.name({ key: 'type', title: 'TYPE', width: 5, from: 90 }, ({ consumeType }) => consumeType),
    column.name({ key: 'address', title: 'ADDRESS', width: 21, from: 130 }, ({ clientAddr }) => clientAddr),
    {
      ...column.name<ClientRow>({ key: 'subscriptions', title: 'SUBSCRIBED', from: 100 }, ({ subscriptions }) =>
        subscriptions.join(', '),
      ),
      width: 20,
      grows: true,
    },
  ],
};

export const queueKey = ({ topic, brokerName, queueId }: Pick<QueueProgress, 'topic' | 'brokerName' | 'queueId'>) =>
  `${topic}\n${brokerName}\n${queueId}`;

/** Who holds a queue, and what it has to say of it. */
export interface GroupQueueRow extends QueueProgress {
  readonly trouble: string | null;
}

export const GROUP_QUEUES: TableDef<GroupQueueRow> = {
  noun: 'queues',
  key: queueKey,
  sort: { column: 'lag', isDown: true },
  columns: [
    column.name({ key: 'topic', title: 'TOPIC' }, ({ topic }) => topic),
    { ...column.name<GroupQueueRow>({ key: 'broker', title: 'BROKER' }, ({ brokerName }) => brokerName), width: 10 },
    { key: 'queue', title: 'QUEUE', width: 5, right: true, value: ({ queueId }) => queueId },
    column.count({ key: 'brokerOffset', title: 'BROKER OFFSET', width: 13, from: 100 }, (row) => row.brokerOffset),
    column.count(
      { key: 'consumerOffset', title: 'CONSUMER OFFSET', width: 15, from: 100 },
      (row) => row.consumerOffset,
    ),
    column.count({ key: 'lag', title: 'LAG' }, ({ lag }) => lag, {
      tone: (lag) => (lag > 0 ? 'warn' : 'plain'),
      missing: () => ({ text: 'unknown', tone: 'warn' }),
    }),
    column.duration({ key: 'age', title: 'AGE' }, ({ lag, lastTimestamp }, { nowMs }) =>
      lag === 0 ? 0 : lastTimestamp === null ? null : Math.max(0, nowMs - lastTimestamp),
    ),
    column.count({ key: 'inflight', title: 'INFLIGHT', width: 8, from: 120 }, ({ inflight }) => inflight),
    {
      key: 'owner',
      title: 'OWNER',
      width: 20,
      grows: true,
      value: ({ clientId }) => clientId,
      cell: ({ clientId, trouble }, { ascii }, width) => {
        if (clientId === null) return { text: 'nobody says', tone: 'dim' };
        if (trouble === null) return plain(cutMiddle(clientId, width, ascii));
        const text = ` ${ascii ? 'x' : '✖'} ${trouble}`;
        return { text: `${cutMiddle(clientId, Math.max(8, width - text.length), ascii)}${text}`, tone: 'bad' };
      },
    },
  ],
};

export interface TopicQueueRow {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly minOffset: number;
  readonly maxOffset: number;
  readonly messages: number;
  readonly lastUpdateTimestamp: number | null;
}

export const TOPIC_QUEUES: TableDef<TopicQueueRow> = {
  noun: 'queues',
  key: queueKey,
  sort: { column: 'broker', isDown: false },
  tie: (a, b) => a.queueId - b.queueId,
  columns: [
    column.name({ key: 'broker', title: 'BROKER' }, ({ brokerName }) => brokerName),
    { key: 'queue', title: 'QUEUE', width: 5, right: true, value: ({ queueId }) => queueId },
    column.count({ key: 'min', title: 'MIN OFFSET', width: 13 }, ({ minOffset }) => minOffset),
    column.count({ key: 'max', title: 'MAX OFFSET', width: 13 }, ({ maxOffset }) => maxOffset),
    column.count({ key: 'messages', title: 'MESSAGES', width: 11 }, ({ messages }) => messages),
    column.duration({ key: 'last', title: 'LAST' }, ({ lastUpdateTimestamp }, { nowMs }) =>
      lastUpdateTimestamp === null ? null : Math.max(0, nowMs - lastUpdateTimestamp),
    ),
  ],
};

/** A stored message, as much of it as lists and the body view need. */
export interface MessageRow {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly storeAtMs: number;
  readonly msgId: string;
  readonly tags: string | null;
  readonly keys: string | null;
  readonly reconsumeTimes: number;
  readonly bornHost: string;
  readonly properties: Readonly<Record<string, string>>;
  /** The whole body; the screen shows what fits. */
  readonly body: Uint8Array;
}

export const messageKey = ({ topic, brokerName, queueId, queueOffset }: MessageRow): string =>
  `${topic}\n${brokerName}\n${queueId}\n${queueOffset}`;

/** The beginning of a body as text. */
const bodyStart = ({ body }: MessageRow): string => Buffer.from(body.subarray(0, 300)).toString('utf8');

export const MESSAGES: TableDef<MessageRow> = {
  noun: 'messages',
  key: messageKey,
  sort: { column: 'offset', isDown: false },
  columns: [
    {
      key: 'body',
      title: 'BODY',
      width: 12,
      value: bodyStart,
      cell: (row, { ascii }, width) => plain(cutEnd(bodyStart(row), width, ascii)),
    },
    { key: 'offset', title: 'OFFSET', width: 11, right: true, value: ({ queueOffset }) => queueOffset },
    { key: 'queue', title: 'QUEUE', width: 12, from: 130, value: (row) => `${row.brokerName}/${row.queueId}` },
    column.duration({ key: 'age', title: 'AGE' }, ({ storeAtMs }, { nowMs }) => Math.max(0, nowMs - storeAtMs)),
    column.name({ key: 'tags', title: 'TAGS', width: 10 }, ({ tags }) => tags),
    column.name({ key: 'keys', title: 'KEYS', width: 14 }, ({ keys }) => keys),
    column.count({ key: 'retries', title: 'RETRIES', width: 7, from: 120 }, ({ reconsumeTimes }) => reconsumeTimes),
    column.bytes({ key: 'bytes', title: 'BYTES', from: 90 }, ({ body }) => body.length),
  ],
};

export interface PropertyRow {
  readonly name: string;
  readonly value: string;
}

export const PROPERTIES: TableDef<PropertyRow> = {
  noun: 'values',
  key: ({ name }) => name,
  sort: { column: 'name', isDown: false },
  columns: [
    column.name({ key: 'name', title: 'NAME' }, ({ name }) => name),
    { ...column.name<PropertyRow>({ key: 'value', title: 'VALUE' }, ({ value }) => value), width: 36, grows: true },
  ],
};

/** `12.4k/s`, or unknown. */
export const perSecond = (rate: number | null): string => (rate === null ? 'unknown' : `${formatRate(rate)}/s`);
