/**
 * Pulls of a logical queue: from the physical queue that holds the wanted offset, here or at another broker; at the end
 * of one stretch the consumer is sent on to the next.
 *
 * Source: broker/processor/PullMessageProcessor.java#rewriteRequestForStaticTopic, #rewriteResponseForStaticTopic.
 */
import type { LogicQueueMappingItem } from '../../protocol/bodies.js';
import type { ExtFields } from '../../protocol/header-schema.js';
import {
  isEndDecided,
  itemAfter,
  itemAt,
  type LogicQueue,
  logicalOffset,
  maxLogicalOffset,
  physicalOffset,
} from '../../protocol/logic-queue.js';
import type { RemotingCommand } from '../../protocol/remoting-command.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { PullSysFlag } from '../../protocol/sys-flag.js';
import type { RequestContext } from '../../remoting/server.js';
import { decidedItem, isOwn, numberField, type StaticTopicRequest, withFields } from './static-topic-request.js';

/** What a pull without messages says, in offsets of the physical queue of `item`. */
interface Place {
  item: LogicQueueMappingItem;
  code: number;
  nextBeginOffset: number;
  minOffset: number;
  maxOffset: number;
}

/** The beginning of the stretch after this one; a consumer that is there already has to wait. */
function moveOn({ items }: LogicQueue, place: Place): Place {
  const next = itemAfter(items, place.item);
  if (next === null) return { ...place, code: ResponseCode.PULL_NOT_FOUND };
  const { startOffset } = next;
  return {
    item: next,
    code: ResponseCode.PULL_RETRY_IMMEDIATELY,
    nextBeginOffset: startOffset,
    minOffset: startOffset,
    maxOffset: startOffset,
  };
}

/** Corrects an answer without messages to what it means for the logical queue. */
function corrected(queue: LogicQueue, place: Place, requestOffset: number): Place {
  const { item, minOffset, maxOffset } = place;
  const isLeader = queue.leader.gen === item.gen;
  const isFirst = itemAt(queue.items, 0)?.gen === item.gen;
  let result = place;
  if (isLeader) {
    if (requestOffset > maxOffset) {
      if (place.code === ResponseCode.PULL_OFFSET_MOVED) result = { ...place, nextBeginOffset: maxOffset };
    } else if (requestOffset < minOffset) {
      result = { ...place, code: ResponseCode.PULL_RETRY_IMMEDIATELY, nextBeginOffset: minOffset };
    }
  }
  if (isFirst) {
    if (requestOffset < minOffset) {
      return { ...result, code: ResponseCode.PULL_OFFSET_MOVED, nextBeginOffset: minOffset };
    }
    // The last stretch has no end: what its queue answers is true of the logical queue as well.
    return requestOffset >= maxOffset && !isLeader ? moveOn(queue, result) : { ...result, code: place.code };
  }
  if (isLeader) return result;
  if (requestOffset < minOffset) {
    return { ...result, code: ResponseCode.PULL_RETRY_IMMEDIATELY, nextBeginOffset: minOffset };
  }
  return requestOffset >= maxOffset ? moveOn(queue, result) : result;
}

/** Translates an answer in place. @param requestOffset physical */
function toLogical(queue: LogicQueue, item: LogicQueueMappingItem, requestOffset: number, response: RemotingCommand) {
  const { extFields } = response;
  if (extFields?.nextBeginOffset === undefined) return;
  let place: Place = {
    item,
    code: response.code,
    nextBeginOffset: numberField(extFields, 'nextBeginOffset'),
    minOffset: numberField(extFields, 'minOffset'),
    maxOffset: numberField(extFields, 'maxOffset'),
  };
  if (place.code !== ResponseCode.SUCCESS) place = corrected(queue, place, requestOffset);
  const current = place.item;
  const bound = isEndDecided(current) ? current.endOffset : Number.MAX_SAFE_INTEGER;
  response.code = place.code;
  const offsets: ExtFields = {
    nextBeginOffset: String(logicalOffset(current, Math.min(place.nextBeginOffset, bound))),
    minOffset: String(logicalOffset(current, Math.max(place.minOffset, current.startOffset))),
    maxOffset: String(Math.max(logicalOffset(current, place.maxOffset), maxLogicalOffset(queue.leader))),
    offsetDelta: String(current.logicOffset - current.startOffset),
  };
  Object.assign(extFields, offsets);
}

/** The offset that comes along, if it belongs to the same physical queue; otherwise it waits for its own request. */
function piggyBack({ queue, extFields }: StaticTopicRequest, item: LogicQueueMappingItem): ExtFields {
  const sysFlag = numberField(extFields, 'sysFlag');
  const logical = numberField(extFields, 'commitOffset');
  const home = itemAt(queue.items, logical);
  if (home?.gen === item.gen) return { commitOffset: String(physicalOffset(item, logical)) };
  return { sysFlag: String(sysFlag & ~PullSysFlag.COMMIT_OFFSET) };
}

/** Serves a pull of a logical queue. */
export function pullStaticTopic(asked: StaticTopicRequest): RemotingCommand | null | Promise<RemotingCommand | null> {
  const { ask, inner, request, ctx, extFields, topic, queue } = asked;
  const logical = numberField(extFields, 'queueOffset');
  const item = decidedItem(asked, logical);
  const requestOffset = physicalOffset(item, logical);
  const fields: ExtFields = {
    ...piggyBack(asked, item),
    queueId: String(item.queueId),
    queueOffset: String(requestOffset),
  };
  if (isEndDecided(item)) {
    const most = item.endOffset - item.startOffset;
    fields.maxMsgNums = String(Math.min(most, numberField(extFields, 'maxMsgNums')));
  }
  const translate = (response: RemotingCommand): RemotingCommand => {
    toLogical(queue, item, requestOffset, response);
    return response;
  };
  const sysFlag = numberField({ ...extFields, ...fields }, 'sysFlag');
  if (!isOwn(asked, item)) {
    fields.sysFlag = String(sysFlag & ~(PullSysFlag.SUSPEND | PullSysFlag.COMMIT_OFFSET));
    const physical = { code: request.code, extFields: { ...extFields, ...fields }, body: request.body };
    return ask(item.bname, topic, physical).then(translate);
  }
  // At the end of a stretch that has a successor there is nothing to wait for.
  if (itemAfter(queue.items, item) !== null) fields.sysFlag = String(sysFlag & ~PullSysFlag.SUSPEND);
  const later: RequestContext = {
    conn: ctx.conn,
    localPort: ctx.localPort,
    reply: (response) => ctx.reply(translate(response)),
    replyShared: (bytes, start, end) => ctx.replyShared(bytes, start, end),
  };
  const answer = inner(withFields(request, fields), later);
  if (answer instanceof Promise) return answer.then((response) => response && translate(response));
  return answer && translate(answer);
}
