/**
 * Forgets what the history of logical queues needs no more: a first stretch whose messages are gone, and the whole
 * history on a broker that led a queue before its last leader.
 *
 * Source: broker/topic/TopicQueueMappingCleanService.java
 */
import { errorText, MQError } from '../../base/errors.js';
import {
  decodeTopicConfigAndQueueMapping,
  decodeTopicStatsTable,
  type LogicQueueMappingItem,
  type TopicQueueMappingDetail,
} from '../../protocol/bodies.js';
import { encodeHeader } from '../../protocol/header-schema.js';
import { GetTopicConfigRequestHeader, GetTopicStatsInfoRequestHeader } from '../../protocol/headers.js';
import type { RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { BrokerContext } from '../context.js';
import { isDeleteHour } from '../store/disk-space.js';
import type { TopicRoutes } from '../topic-routes.js';
import type { AskOtherBroker } from './other-brokers.js';

type Histories = ReadonlyMap<number, LogicQueueMappingItem[]>;

const leaderOf = (items: readonly LogicQueueMappingItem[]): string | undefined => items.at(-1)?.bname;

function bodyOf({ code, remark, body }: RemotingCommand): Buffer | null {
  if (code === ResponseCode.SUCCESS) return body;
  throw new MQError('CONFIG', `answered ${code}: ${remark}`);
}

export class MappingCleaner {
  readonly #context: BrokerContext;
  readonly #routes: TopicRoutes;
  readonly #ask: AskOtherBroker;
  #isBusy = false;

  constructor(context: BrokerContext, routes: TopicRoutes, ask: AskOtherBroker) {
    this.#context = context;
    this.#routes = routes;
    this.#ask = ask;
  }

  /** Cleans all static topics in the hours of `deleteWhen`. Never rejects. */
  async cleanWhenDue(): Promise<void> {
    const { config, clock, mappings, files, logger } = this.#context;
    if (this.#isBusy || mappings.size === 0 || !isDeleteHour(config.deleteWhen, clock.now())) return;
    this.#isBusy = true;
    const { version } = mappings;
    for (const detail of Object.values(mappings.details())) {
      try {
        await this.#clean(detail, await this.#withoutEmptyStretches(detail));
        const present = mappings.get(detail.topic);
        if (present) await this.#clean(present, await this.#withoutOldHistories(present));
      } catch (error) {
        logger.warn({ topic: detail.topic, reason: errorText(error) }, 'the mapping of a static topic was not cleaned');
      }
    }
    if (mappings.version !== version) {
      await files.saveMappings().catch((error: unknown) => {
        logger.error({ err: error, reason: errorText(error) }, 'topicQueueMapping.json could not be written');
      });
    }
    this.#isBusy = false;
  }

  /** Takes the histories, unless the mapping has changed meanwhile. */
  async #clean(detail: TopicQueueMappingDetail, hostedQueues: Histories | null): Promise<void> {
    const { mappings, logger } = this.#context;
    if (hostedQueues === null || mappings.get(detail.topic) !== detail) return;
    mappings.set({ ...detail, hostedQueues: new Map(hostedQueues) });
    logger.info({ topic: detail.topic }, 'the mapping of a static topic was cleaned');
  }

  /** @returns null if every first stretch still has messages, or cannot be asked about */
  async #withoutEmptyStretches({ topic, bname, hostedQueues }: TopicQueueMappingDetail): Promise<Histories | null> {
    const long = [...hostedQueues].filter(([, items]) => items.length > 1 && leaderOf(items) === bname);
    const emptied = new Map<string, ReadonlySet<number>>();
    for (const brokerName of new Set(long.map(([, items]) => items[0]?.bname ?? ''))) {
      emptied.set(brokerName, await this.#emptyQueues(topic, brokerName));
    }
    const shortened = long.filter(([, [first]]) => first && emptied.get(first.bname)?.has(first.queueId));
    if (shortened.length === 0) return null;
    const cleaned = new Map(hostedQueues);
    for (const [globalId, items] of shortened) cleaned.set(globalId, items.slice(1));
    return cleaned;
  }

  /** Physical queues of a broker without messages; none if it does not tell. */
  async #emptyQueues(topic: string, brokerName: string): Promise<ReadonlySet<number>> {
    const extFields = encodeHeader(GetTopicStatsInfoRequestHeader, { topic });
    try {
      const answer = await this.#ask(brokerName, topic, {
        ...{ code: RequestCode.GET_TOPIC_STATS_INFO, extFields, body: null },
      });
      const { offsetTable } = decodeTopicStatsTable(bodyOf(answer));
      const empty = offsetTable.filter(({ minOffset, maxOffset }) => maxOffset === minOffset || maxOffset === 0);
      return new Set(empty.map(({ mq }) => mq.queueId));
    } catch (error) {
      const { logger } = this.#context;
      logger.warn({ topic, brokerName, reason: errorText(error) }, 'a broker did not tell what a static topic has');
      return new Set();
    }
  }

  /** @returns null if no queue has been led by two others since this broker led it */
  async #withoutOldHistories(detail: TopicQueueMappingDetail): Promise<Histories | null> {
    const { topic, bname, hostedQueues } = detail;
    const followed = [...hostedQueues].filter(([, items]) => items.length > 0 && leaderOf(items) !== bname);
    if (followed.length === 0) return null;
    const leaders = await this.#routes.leadersOf(topic);
    const cleaned = new Map(hostedQueues);
    for (const [globalId, items] of followed) {
      const leader = leaders.get(globalId);
      if (leader === undefined || leader === leaderOf(items)) continue;
      if (await this.#leads(leader, globalId, detail)) cleaned.delete(globalId);
    }
    return cleaned.size < hostedQueues.size ? cleaned : null;
  }

  /** Whether a broker says itself that it leads a queue, in a mapping like ours. */
  async #leads(brokerName: string, globalId: number, { topic, totalQueues, epoch }: TopicQueueMappingDetail) {
    const extFields = encodeHeader(GetTopicConfigRequestHeader, { topic });
    const request = { code: RequestCode.GET_TOPIC_CONFIG, extFields, body: null, isLogical: true };
    const { mappingDetail } = decodeTopicConfigAndQueueMapping(bodyOf(await this.#ask(brokerName, topic, request)));
    return (
      mappingDetail?.bname === brokerName &&
      mappingDetail.totalQueues === totalQueues &&
      mappingDetail.epoch === epoch &&
      leaderOf(mappingDetail.hostedQueues.get(globalId) ?? []) === brokerName
    );
  }
}
