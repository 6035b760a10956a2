/**
 * PULL_MESSAGE 11 and LITE_PULL_MESSAGE 361, with long polling.
 *
 * A pull that finds nothing may be held once, on its first pass. When it is woken, by a message or by time, it
 * runs again with suspension off and is answered whatever it finds.
 *
 * Source: broker/processor/PullMessageProcessor.java, DefaultPullMessageResultHandler.java.
 */
import { errorText } from '../../base/errors.js';
import { isTagType } from '../../protocol/filter.js';
import { decodeHeader, encodeHeader } from '../../protocol/header-schema.js';
import { PullMessageRequestHeader, PullMessageResponseHeader } from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { PullSysFlag } from '../../protocol/sys-flag.js';
import type { RequestContext } from '../../remoting/server.js';
import type { BroadcastPull } from '../broadcast-offset-table.js';
import type { BrokerContext, Handlers } from '../context.js';
import { HotPull } from '../hot-pull.js';
import { checkPull, isPullRefusal, MAX_PULL_BYTES, type PullHeader, type PullPermission } from '../pull-checks.js';
import type { GetResult, GetStatus, PropertiesFilter } from '../store/message-store.js';

const MASTER_ID = 0;
/** `requestSource` of a proxy that pulls for a broadcasting client. (remoting/protocol/RequestSource.java) */
const PROXY_FOR_BROADCAST = 1;

/** One pull on its way. */
interface Pull {
  /** null keeps to the plain way. */
  readonly hot: HotPull | null;
  readonly request: RemotingCommand;
  readonly ctx: RequestContext;
  readonly header: PullHeader;
  readonly permission: PullPermission;
  /** null for a pull that is not broadcasting. */
  readonly broadcast: BroadcastPull | null;
  readonly isFirstPass: boolean;
  readonly startedAtMs: number;
}

/** What a pull found. OFFSET_RESET is the broker's own: an offset that waited for the next pull. */
interface Found extends Omit<GetResult, 'status'> {
  status: GetStatus | 'OFFSET_RESET';
}

/** Response code of a result. @param queueOffset what the pull asked for */
export function pullResponseCode(status: Found['status'], queueOffset: number): number {
  switch (status) {
    case 'FOUND':
      return ResponseCode.SUCCESS;
    case 'NO_MATCHED_MESSAGE':
    case 'MESSAGE_WAS_REMOVING':
      return ResponseCode.PULL_RETRY_IMMEDIATELY;
    case 'NO_MATCHED_LOGIC_QUEUE':
    case 'NO_MESSAGE_IN_QUEUE':
      return queueOffset === 0 ? ResponseCode.PULL_NOT_FOUND : ResponseCode.PULL_OFFSET_MOVED;
    case 'OFFSET_FOUND_NULL':
    case 'OFFSET_OVERFLOW_ONE':
      return ResponseCode.PULL_NOT_FOUND;
    case 'OFFSET_OVERFLOW_BADLY':
    case 'OFFSET_TOO_SMALL':
    case 'OFFSET_RESET':
      return ResponseCode.PULL_OFFSET_MOVED;
  }
}

function compose(context: BrokerContext, pull: Pull, found: Found): RemotingCommand {
  const { config } = context;
  const { request, header, permission } = pull;
  let code = pullResponseCode(found.status, header.queueOffset);
  let suggestWhichBrokerId = MASTER_ID;
  if (config.slaveReadEnable) {
    const { group } = permission;
    suggestWhichBrokerId = found.suggestPullingFromSlave ? group.whichBrokerWhenConsumeSlowly : group.brokerId;
  }
  if (config.brokerRole === 'SLAVE') {
    if (!found.suggestPullingFromSlave) suggestWhichBrokerId = MASTER_ID;
    const isCorrection = code === ResponseCode.PULL_OFFSET_MOVED && !config.offsetCheckInSlave;
    const isRedirected = code !== ResponseCode.SUCCESS && !found.suggestPullingFromSlave;
    if (isCorrection || isRedirected) code = ResponseCode.PULL_RETRY_IMMEDIATELY;
  }
  const extFields = encodeHeader(PullMessageResponseHeader, {
    suggestWhichBrokerId,
    nextBeginOffset: found.nextBeginOffset,
    minOffset: found.minOffset,
    maxOffset: found.maxOffset,
    topicSysFlag: permission.topic.topicSysFlag,
    groupSysFlag: permission.group.groupSysFlag,
  });
  return createResponse(request, code, found.status, extFields, code === ResponseCode.SUCCESS ? found.bytes : null);
}

/** A pull of a broadcasting consumer, by itself or by a proxy. */
function broadcastPull(context: BrokerContext, header: PullHeader, ctx: RequestContext): BroadcastPull | null {
  if (!context.config.enableBroadcastOffsetStore) return null;
  const { topic, consumerGroup: group, queueId } = header;
  const isFromProxy = header.requestSource === PROXY_FOR_BROADCAST;
  let clientId = header.proxyFrowardClientId;
  if (!isFromProxy) {
    const online = context.consumers.get(group);
    if (online?.messageModel !== 'BROADCASTING' || online.consumeType !== 'CONSUME_PASSIVELY') return null;
    clientId = online.members.get(ctx.conn)?.clientId;
  }
  return clientId === undefined ? null : { topic, group, queueId, clientId, isFromProxy };
}

/** What tells a consumer to go on from another offset than it asked for. */
function resetTo(context: BrokerContext, { topic, queueId }: PullHeader, nextBeginOffset: number): Found {
  return {
    status: 'OFFSET_RESET',
    nextBeginOffset,
    minOffset: context.store.minOffset(topic, queueId),
    maxOffset: context.store.maxOffset(topic, queueId),
    bytes: null,
    count: 0,
    messageCount: 0,
    queueOffsets: [],
    suggestPullingFromSlave: false,
  };
}

/** @param code of the answer */
function commitOffsets(context: BrokerContext, pull: Pull, found: Found, code: number): void {
  const { header, isFirstPass, broadcast } = pull;
  if (broadcast !== null) {
    const isMoved = code === ResponseCode.PULL_OFFSET_MOVED;
    context.broadcasts.update(broadcast, isMoved ? found.nextBeginOffset : header.queueOffset);
  }
  const { consumerGroup, topic, queueId } = header;
  context.offsets.commitPulled(consumerGroup, topic, queueId, found.nextBeginOffset);
  // A reset must outlive the offset that its consumer had before it.
  const isCommit = isFirstPass && (header.sysFlag & PullSysFlag.COMMIT_OFFSET) !== 0 && found.status !== 'OFFSET_RESET';
  if (isCommit) context.offsets.commit(consumerGroup, topic, queueId, header.commitOffset);
}

function mayHold(context: BrokerContext, { header, isFirstPass, ctx }: Pull): boolean {
  return (
    isFirstPass &&
    (header.sysFlag & PullSysFlag.SUSPEND) !== 0 &&
    context.hold.size < context.config.pullThreadPoolQueueCapacity &&
    !ctx.conn.closed
  );
}

function hold(context: BrokerContext, pull: Pull): void {
  const { hot, request, ctx, header, permission } = pull;
  const { config } = context;
  const waitMs = config.longPollingEnable ? header.suspendTimeoutMillis : config.shortPollingTimeMills;
  const { propertiesFilter } = permission;
  let seenOffset = header.queueOffset;
  const takes = (filter: PropertiesFilter, maxOffset: number): boolean => {
    const from = seenOffset;
    seenOffset = maxOffset;
    return context.store.mayMatch(header.topic, header.queueId, from, maxOffset, filter);
  };
  context.hold.hold({
    topic: header.topic,
    queueId: header.queueId,
    queueOffset: header.queueOffset,
    expiresAtMs: context.clock.now() + waitMs,
    filter: permission.filter,
    takes: propertiesFilter && ((maxOffset) => takes(propertiesFilter, maxOffset)),
    owner: ctx.conn,
    wake: () => wake(context, hot, request, ctx),
  });
}

/** Runs a woken pull for the second and last time. */
function wake(context: BrokerContext, hot: HotPull | null, request: RemotingCommand, ctx: RequestContext): void {
  if (ctx.conn.closed) return;
  const failed = (error: unknown): void => {
    context.logger.error({ err: error, peer: ctx.conn.remoteText }, 'a woken pull failed');
    ctx.reply(createResponse(request, ResponseCode.SYSTEM_ERROR, errorText(error)));
  };
  try {
    const answer = pullMessage(context, hot, request, ctx, false);
    if (answer instanceof Promise) answer.then((response) => response && ctx.reply(response), failed);
    else if (answer) ctx.reply(answer);
  } catch (error) {
    failed(error);
  }
}

/** Answers a pull from what it found; null when it is held. */
function finish(context: BrokerContext, pull: Pull, found: Found): RemotingCommand | null {
  const response = compose(context, pull, found);
  commitOffsets(context, pull, found, response.code);
  if (response.code === ResponseCode.PULL_NOT_FOUND && mayHold(context, pull)) {
    hold(context, pull);
    return null;
  }
  if (response.code === ResponseCode.SUCCESS) {
    countGot(context, pull, found.messageCount, found.bytes?.length ?? 0);
  } else if (response.code === ResponseCode.PULL_OFFSET_MOVED) {
    const { consumerGroup, topic, queueId, queueOffset } = pull.header;
    context.logger.info(
      {
        group: consumerGroup,
        topic,
        queueId,
        queueOffset,
        nextBeginOffset: found.nextBeginOffset,
        status: found.status,
      },
      'pull offset corrected',
    );
  }
  return response;
}

function getMessage(context: BrokerContext, { header, permission }: Pull): GetResult | Promise<GetResult> {
  return context.store.getMessage(
    header.topic,
    header.queueId,
    header.queueOffset,
    Math.max(1, header.maxMsgNums),
    MAX_PULL_BYTES,
    permission.filter,
    permission.propertiesFilter,
    permission.extFilter,
  );
}

/** A read that went to disk: messages that came meanwhile woke nobody, so an empty result is looked at again. */
async function finishLater(
  context: BrokerContext,
  pull: Pull,
  later: Promise<GetResult>,
): Promise<RemotingCommand | null> {
  const { topic, queueId, queueOffset } = pull.header;
  let result = await later;
  const isStale = (): boolean =>
    pullResponseCode(result.status, queueOffset) === ResponseCode.PULL_NOT_FOUND &&
    context.store.maxOffset(topic, queueId) > Math.max(queueOffset, result.maxOffset);
  while (isStale() && !pull.ctx.conn.closed) result = await getMessage(context, pull);
  return finish(context, pull, result);
}

/** Serves a pull on the fast way. @returns false if it is not for that, and nothing has been done */
function answerFast(context: BrokerContext, pull: Pull): boolean {
  const { hot, header, request, permission } = pull;
  // Whether the slave should be asked is told by how far behind the records lie.
  if (hot === null || context.config.slaveReadEnable || context.config.brokerRole === 'SLAVE') return false;
  // Every record has to be looked at.
  if (permission.propertiesFilter !== null) return false;
  const copied = hot.read(header, MAX_PULL_BYTES, permission.filter);
  if (copied === null || copied.status !== 'FOUND') return false;
  const { bytesWritten, ...rest } = copied;
  const found: Found = {
    ...rest,
    messageCount: copied.count,
    bytes: null,
    queueOffsets: [],
    suggestPullingFromSlave: false,
  };
  const response = compose(context, pull, found);
  response.opaque = request.opaque;
  if (!hot.reply(pull.ctx, response, bytesWritten)) return false;
  commitOffsets(context, pull, found, response.code);
  countGot(context, pull, copied.count, bytesWritten);
  return true;
}

function countGot(context: BrokerContext, { header, startedAtMs }: Pull, messages: number, bytes: number): void {
  const { consumerGroup, topic, queueId } = header;
  const latencyMs = Math.max(0, context.clock.now() - startedAtMs);
  context.stats.got(consumerGroup, topic, queueId, messages, bytes, latencyMs);
}

/**
 * Serves a pull.
 *
 * @param hot null for the plain way
 * @returns null when it is held, or answered already
 */
export function pullMessage(
  context: BrokerContext,
  hot: HotPull | null,
  request: RemotingCommand,
  ctx: RequestContext,
  isFirstPass: boolean,
): RemotingCommand | null | Promise<RemotingCommand | null> {
  const header = decodeHeader(PullMessageRequestHeader, request.extFields);
  if (context.config.brokerRole === 'SLAVE' && !context.config.slaveReadEnable) {
    return createResponse(
      request,
      ResponseCode.SYSTEM_BUSY,
      '[REJECTREQUEST]system busy, start flow control for a while',
    );
  }
  const { expressionType } = header;
  if ((header.sysFlag & PullSysFlag.SUBSCRIPTION) !== 0 && expressionType && !isTagType(expressionType)) {
    const preparing = context.filters.prepare([{ expressionType }]);
    if (preparing) return preparing.then(() => pullMessage(context, hot, request, ctx, isFirstPass));
  }
  const permission = checkPull(context, request.code, header, ctx.conn.remoteText);
  if (isPullRefusal(permission)) {
    const { forbiddenType } = permission;
    const extFields = forbiddenType === undefined ? null : { forbiddenType: String(forbiddenType) };
    return createResponse(request, permission.code, permission.remark, extFields);
  }
  const startedAtMs = context.clock.now();
  const broadcast = broadcastPull(context, header, ctx);
  const pull: Pull = { hot, request, ctx, header, permission, broadcast, isFirstPass, startedAtMs };
  const { consumerGroup, topic, queueId } = header;
  const reset = context.config.useServerSideResetOffset
    ? context.offsets.takeReset(topic, consumerGroup, queueId)
    : null;
  const goOn = reset ?? (broadcast && context.broadcasts.initialOffset(broadcast, header.queueOffset));
  if (goOn !== null) return finish(context, pull, resetTo(context, header, goOn));
  if (answerFast(context, pull)) return null;
  const result = getMessage(context, pull);
  if (!(result instanceof Promise)) return finish(context, pull, result);
  // Its answer is not counted yet: without this all pulls of a read would take their memory at once.
  ctx.conn.holdFrames();
  return finishLater(context, pull, result);
}

/** Handlers of pulls. @param isPlain leaves out the fast way */
export function pullMessageHandlers(context: BrokerContext, isPlain = false): Handlers {
  const hot = isPlain ? null : new HotPull(context.store);
  const processor = (request: RemotingCommand, ctx: RequestContext) => pullMessage(context, hot, request, ctx, true);
  return [
    [RequestCode.PULL_MESSAGE, processor],
    [RequestCode.LITE_PULL_MESSAGE, processor],
  ];
}
