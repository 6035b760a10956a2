import type { Sent } from '../../admin/message-send.js';

/** Source: client/producer/SendResult.java#toString */
export function sendResultText(sent: Sent): string {
  const queue = `MessageQueue [topic=${sent.topic}, brokerName=${sent.brokerName}, queueId=${sent.queueId}]`;
  return (
    `SendResult [sendStatus=${sent.sendStatus}, msgId=${sent.msgId}, offsetMsgId=${sent.offsetMsgId}, ` +
    `messageQueue=${queue}, queueOffset=${sent.queueOffset}, recallHandle=${sent.recallHandle}]`
  );
}
