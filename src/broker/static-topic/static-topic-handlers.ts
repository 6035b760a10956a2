/**
 * Requests for static topics: what clients ask of a logical queue is asked of the physical one behind it, and the
 * answer translated back. Requests for other topics, and those that say `lo=false`, pass untouched.
 *
 * Source: the rewriteRequestForStaticTopic and rewriteResponseForStaticTopic of broker/processor/
 * SendMessageProcessor.java, PullMessageProcessor.java, ConsumerManageProcessor.java, AdminBrokerProcessor.java.
 */
import { AssertionError, errorText } from '../../base/errors.js';
import type { LogicQueueMappingItem } from '../../protocol/bodies.js';
import {
  boundedLogicalOffset,
  isEndDecided,
  logicalOffset,
  logicQueueOf,
  physicalOffset,
  StaticTopicError,
} from '../../protocol/logic-queue.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { RequestContext, RequestProcessor } from '../../remoting/server.js';
import type { BrokerContext, Handlers } from '../context.js';
import type { AskOtherBroker } from './other-brokers.js';
import { pullStaticTopic } from './static-topic-pull.js';
import { decidedItem, isOwn, numberField, type StaticTopicRequest, withFields } from './static-topic-request.js';

type Answer = RemotingCommand | null | Promise<RemotingCommand | null>;

async function then(answer: Answer, change: (response: RemotingCommand) => void): Promise<RemotingCommand | null> {
  const response = await answer;
  if (response !== null) change(response);
  return response;
}

/** A send goes to the leader's queue; its answer names the logical queue and offset. */
function sendStaticTopic(queueIdField: string, { inner, request, ctx, queue }: StaticTopicRequest): Answer {
  const { leader, globalId } = queue;
  return then(inner(withFields(request, { [queueIdField]: String(leader.queueId) }), ctx), ({ extFields }) => {
    if (extFields?.queueOffset === undefined) return;
    extFields.queueId = String(globalId);
    extFields.queueOffset = String(boundedLogicalOffset(leader, Number(extFields.queueOffset)));
  });
}

function offsetAnswer(request: RemotingCommand, offset: number): RemotingCommand {
  return createResponse(request, ResponseCode.SUCCESS, null, { offset: String(offset) });
}

/** Asks one item's broker for a number; `own` asks this one. @returns null for an answer that is no success */
async function askItem(
  asked: StaticTopicRequest,
  item: LogicQueueMappingItem,
  field: string,
  own: () => number | Promise<number>,
): Promise<number | null> {
  if (isOwn(asked, item)) return own();
  const { ask, topic, request, extFields } = asked;
  const fields = { ...extFields, queueId: String(item.queueId) };
  const response = await ask(item.bname, topic, { code: request.code, extFields: fields, body: request.body });
  if (response.code === ResponseCode.SUCCESS) return Number(response.extFields?.[field] ?? Number.NaN);
  if (response.code === ResponseCode.QUERY_NOT_FOUND) return null;
  throw new StaticTopicError(`${item.bname} answered ${response.code}: ${response.remark}`);
}

async function maxOffset(asked: StaticTopicRequest): Promise<RemotingCommand> {
  const { context, topic, request } = asked;
  const item = decidedItem(asked, Number.MAX_SAFE_INTEGER);
  const physical = await askItem(asked, item, 'offset', () =>
    Math.max(0, context.store.maxOffset(topic, item.queueId)),
  );
  return offsetAnswer(request, logicalOffset(item, physical ?? 0));
}

async function minOffset(asked: StaticTopicRequest): Promise<RemotingCommand> {
  const { context, topic, request } = asked;
  const item = decidedItem(asked, 0);
  const physical = await askItem(asked, item, 'offset', () =>
    Math.max(0, context.store.minOffset(topic, item.queueId)),
  );
  return offsetAnswer(request, boundedLogicalOffset(item, physical ?? 0));
}

async function earliestStoreTime(asked: StaticTopicRequest): Promise<RemotingCommand> {
  const { context, topic, request } = asked;
  const item = decidedItem(asked, 0);
  const time = await askItem(asked, item, 'timestamp', () => context.store.earliestMessageTime(topic, item.queueId));
  return createResponse(request, ResponseCode.SUCCESS, null, { timestamp: String(time ?? -1) });
}

/** The first item that has a message of that time, from the oldest on. */
async function searchOffset(asked: StaticTopicRequest): Promise<RemotingCommand> {
  const { context, topic, request, extFields, queue } = asked;
  const boundary = extFields.boundaryType?.toUpperCase() === 'UPPER' ? 'upper' : 'lower';
  const timestamp = numberField(extFields, 'timestamp');
  let offset = -1;
  for (const item of queue.items) {
    if (item.logicOffset < 0) continue;
    const { queueId } = item;
    const own = () => context.store.offsetByTime(topic, queueId, timestamp, boundary);
    const physical = (await askItem(asked, item, 'offset', own)) ?? -1;
    if (physical < 0) continue;
    offset = logicalOffset(item, isEndDecided(item) ? Math.min(physical, item.endOffset) : physical);
    if (!isEndDecided(item) || physical < item.endOffset) break;
  }
  return offsetAnswer(request, offset);
}

/** The committed offset: the leader's, or that of the youngest item that has one. */
async function queryOffset(asked: StaticTopicRequest): Promise<RemotingCommand | null> {
  const { context, topic, request, extFields, ctx, inner, queue } = asked;
  const { items, leader } = queue;
  if (items.length === 1 && leader.logicOffset === 0) {
    return then(inner(withFields(request, { queueId: String(leader.queueId) }), ctx), (response) => {
      if (response.code !== ResponseCode.SUCCESS || !response.extFields) return;
      response.extFields.offset = String(logicalOffset(leader, Number(response.extFields.offset)));
    });
  }
  const asking = { ...asked, extFields: { ...extFields, setZeroIfNotFound: 'false' } };
  for (const item of items.toReversed()) {
    const own = () => context.offsets.query(extFields.consumerGroup ?? '', topic, item.queueId);
    const physical = (await askItem(asking, item, 'offset', own)) ?? -1;
    if (physical >= 0) return offsetAnswer(request, logicalOffset(item, physical));
  }
  const remark = 'Not found, maybe this group consumer boot first';
  return createResponse(request, ResponseCode.QUERY_NOT_FOUND, remark);
}

/** Offsets are committed where the messages are. */
function updateOffset(asked: StaticTopicRequest): Answer {
  const { ask, inner, request, ctx, extFields, topic } = asked;
  const logical = numberField(extFields, 'commitOffset');
  if (!Number.isSafeInteger(logical)) return inner(request, ctx);
  const item = decidedItem(asked, logical);
  const fields = { queueId: String(item.queueId), commitOffset: String(physicalOffset(item, logical)) };
  const physical = withFields(request, fields);
  if (isOwn(asked, item)) return inner(physical, ctx);
  return ask(item.bname, topic, { code: request.code, extFields: physical.extFields ?? {}, body: request.body });
}

/** How one request names topic and queue, and what serves it for a logical queue. */
interface Rewriter {
  topicField: string;
  queueIdField: string;
  serve(asked: StaticTopicRequest): Answer;
}

const plainNames = { topicField: 'topic', queueIdField: 'queueId' };
const sendV1: Rewriter = { ...plainNames, serve: (asked) => sendStaticTopic('queueId', asked) };
const sendV2: Rewriter = { topicField: 'b', queueIdField: 'e', serve: (asked) => sendStaticTopic('e', asked) };

const REWRITERS: ReadonlyMap<number, Rewriter> = new Map([
  [RequestCode.SEND_MESSAGE, sendV1],
  [RequestCode.SEND_MESSAGE_V2, sendV2],
  [RequestCode.SEND_BATCH_MESSAGE, sendV2],
  [RequestCode.PULL_MESSAGE, { ...plainNames, serve: pullStaticTopic }],
  [RequestCode.LITE_PULL_MESSAGE, { ...plainNames, serve: pullStaticTopic }],
  [RequestCode.QUERY_CONSUMER_OFFSET, { ...plainNames, serve: queryOffset }],
  [RequestCode.UPDATE_CONSUMER_OFFSET, { ...plainNames, serve: updateOffset }],
  [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, { ...plainNames, serve: searchOffset }],
  [RequestCode.GET_MAX_OFFSET, { ...plainNames, serve: maxOffset }],
  [RequestCode.GET_MIN_OFFSET, { ...plainNames, serve: minOffset }],
  [RequestCode.GET_EARLIEST_MSG_STORETIME, { ...plainNames, serve: earliestStoreTime }],
]);

function answerFailed(context: BrokerContext, request: RemotingCommand, error: unknown): RemotingCommand {
  if (error instanceof AssertionError) throw error;
  context.logger.warn({ code: request.code, reason: errorText(error) }, 'request for a static topic failed');
  return createResponse(request, ResponseCode.SYSTEM_ERROR, errorText(error));
}

/** Serves a request whose topic is static here. */
function serve(
  context: BrokerContext,
  ask: AskOtherBroker,
  rewriter: Rewriter,
  inner: RequestProcessor,
  request: RemotingCommand,
  ctx: RequestContext,
): Answer {
  const extFields = request.extFields ?? {};
  const topic = extFields[rewriter.topicField] ?? '';
  const mapping = context.mappings.get(topic);
  const askedId = numberField(extFields, rewriter.queueIdField);
  if (!mapping || !Number.isSafeInteger(askedId)) return inner(request, ctx);
  const isSend = rewriter === sendV1 || rewriter === sendV2;
  // Any queue will do for a producer that names none.
  const first = isSend && askedId < 0 ? mapping.hostedQueues.keys().next().value : undefined;
  const globalId = first ?? askedId;
  const queue = logicQueueOf(mapping, globalId);
  if (queue === null) {
    const remark = `${topic}-${globalId} does not exit in request process of current broker ${mapping.bname}`;
    return createResponse(request, ResponseCode.NOT_LEADER_FOR_QUEUE, remark);
  }
  try {
    const answer = rewriter.serve({ context, ask, inner, request, ctx, extFields, topic, queue });
    return answer instanceof Promise ? answer.catch((error) => answerFailed(context, request, error)) : answer;
  } catch (error) {
    return answerFailed(context, request, error);
  }
}

/**
 * Puts static topics in front of the handlers that they concern.
 *
 * @param handlers of any requests
 * @param forMapped serve the requests for the physical queues of static topics instead; they may answer by
 *   `ctx.reply`, but not by `ctx.replyShared`
 * @returns handlers to register after those
 */
export function staticTopicHandlers(
  context: BrokerContext,
  ask: AskOtherBroker,
  handlers: Iterable<Handlers[number]>,
  forMapped: Handlers,
): Handlers {
  const mapped = new Map(forMapped);
  const result: [number, RequestProcessor][] = [];
  for (const [code, processor] of handlers) {
    const rewriter = REWRITERS.get(code);
    if (!rewriter) continue;
    const inner = mapped.get(code) ?? processor;
    result.push([
      code,
      (request, ctx) => {
        const { extFields } = request;
        const isMapped =
          context.mappings.size > 0 &&
          extFields !== null &&
          extFields.lo !== 'false' &&
          context.mappings.has(extFields[rewriter.topicField] ?? '');
        return isMapped ? serve(context, ask, rewriter, inner, request, ctx) : processor(request, ctx);
      },
    ]);
  }
  return result;
}
