import { decodeHeader, encodeHeader, type HeaderOf } from '../../protocol/header-schema.js';
import {
  AckMessageRequestHeader,
  ChangeInvisibleTimeRequestHeader,
  ChangeInvisibleTimeResponseHeader,
  PopMessageRequestHeader,
  PopMessageResponseHeader,
} from '../../protocol/headers.js';
import type { MessageExt } from '../../protocol/message.js';
import { decodeMessages } from '../../protocol/message-codec.js';
import { MessageProperty } from '../../protocol/message-property.js';
import { formatPopHandle, parseStartOffsetInfo, popRetryFlag } from '../../protocol/pop-handle.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { CallOptions, Rpc } from '../rpc.js';

/** As Java's PopStatus: POLLING_FULL when too many wait already. */
export type PopStatus = 'FOUND' | 'POLLING_FULL' | 'POLLING_NOT_FOUND';

/** What a pop gave. */
export interface PopResult {
  status: PopStatus;
  /** ms since the epoch, broker's clock. */
  popTime: number;
  /** ms. */
  invisibleTime: number;
  /** Messages that the group has not popped, where the pop looked. */
  restNum: number;
  /** Each has its handle as property POP_CK. [] unless FOUND. */
  messages: MessageExt[];
}

const POP_STATUS: ReadonlyMap<number, PopStatus> = new Map([
  [ResponseCode.SUCCESS, 'FOUND'],
  [ResponseCode.POLLING_FULL, 'POLLING_FULL'],
  [ResponseCode.POLLING_TIMEOUT, 'POLLING_NOT_FOUND'],
  [ResponseCode.PULL_NOT_FOUND, 'POLLING_NOT_FOUND'],
]);
const POP_ACCEPTED = [...POP_STATUS.keys()];

/**
 * Gives each message the topic that was popped, and its handle unless the broker did.
 *
 * Source: client/impl/MQClientAPIImpl.java#processPopResponse
 */
function withHandles(
  messages: MessageExt[],
  answer: HeaderOf<typeof PopMessageResponseHeader>,
  brokerName: string,
  poppedTopic: string,
): MessageExt[] {
  const { popTime, invisibleTime, reviveQid } = answer;
  const starts = parseStartOffsetInfo(answer.startOffsetInfo);
  for (const message of messages) {
    const { topic, queueId, queueOffset, properties } = message;
    const retry = popRetryFlag(topic);
    const ckQueueOffset = starts.get(`${retry}@${queueId}`) ?? queueOffset;
    message.brokerName = brokerName;
    if (!properties.has(MessageProperty.FIRST_POP_TIME))
      properties.set(MessageProperty.FIRST_POP_TIME, String(popTime));
    // Also what came by the retry topic: the handle says where it lies.
    message.topic = poppedTopic;
    if (properties.has(MessageProperty.POP_CK)) continue;
    const handle = { ckQueueOffset, popTime, invisibleTime, reviveQid, retry, brokerName, queueId, queueOffset };
    properties.set(MessageProperty.POP_CK, formatPopHandle(handle));
  }
  return messages;
}

/**
 * Calls to one broker for pop consumption (5.x).
 *
 * Source: client/impl/MQClientAPIImpl.java
 */
export function popApi(rpc: Rpc) {
  return {
    /** 200050. A long poll: give a `timeoutMs` beyond pollTime. @param brokerName goes into the handles */
    async popMessage(
      addr: string,
      brokerName: string,
      header: HeaderOf<typeof PopMessageRequestHeader>,
      options?: CallOptions,
    ): Promise<PopResult> {
      const request = {
        code: RequestCode.POP_MESSAGE,
        header: encodeHeader(PopMessageRequestHeader, header),
        accept: POP_ACCEPTED,
      };
      const response = await rpc.call(addr, request, options);
      const answer = decodeHeader(PopMessageResponseHeader, response.extFields);
      const status = POP_STATUS.get(response.code) as PopStatus;
      const isFound = status === 'FOUND' && response.body !== null;
      const messages = isFound
        ? withHandles(decodeMessages(response.body as Buffer), answer, brokerName, header.topic)
        : [];
      const { popTime, invisibleTime, restNum } = answer;
      return { status, popTime, invisibleTime, restNum, messages };
    },

    /** 200051. `topic` and `queueId` are those in which the message really lies: see popRealTopic. */
    async ackMessage(
      addr: string,
      header: HeaderOf<typeof AckMessageRequestHeader>,
      options?: CallOptions,
    ): Promise<void> {
      const request = { code: RequestCode.ACK_MESSAGE, header: encodeHeader(AckMessageRequestHeader, header) };
      await rpc.call(addr, request, options);
    },

    /** 200053. @returns what the new handle is made of */
    async changeInvisibleTime(
      addr: string,
      header: HeaderOf<typeof ChangeInvisibleTimeRequestHeader>,
      options?: CallOptions,
    ): Promise<HeaderOf<typeof ChangeInvisibleTimeResponseHeader>> {
      const request = {
        code: RequestCode.CHANGE_MESSAGE_INVISIBLETIME,
        header: encodeHeader(ChangeInvisibleTimeRequestHeader, header),
      };
      const response = await rpc.call(addr, request, options);
      return decodeHeader(ChangeInvisibleTimeResponseHeader, response.extFields);
    },
  };
}
