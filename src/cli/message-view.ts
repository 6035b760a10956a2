import type { MessageDoc } from '../admin/message-doc.js';
import type { View } from './render/view.js';
import { tableView } from './render/view.js';

/** Messages as rows. */
export function messagesView<D>(messages: readonly MessageDoc[], doc: D): View<D> {
  return tableView({
    doc,
    rows: messages,
    columns: [
      { key: 'msgId', title: 'MSG ID', value: ({ msgId }) => msgId },
      { key: 'offsetMsgId', title: 'OFFSET MSG ID', value: ({ offsetMsgId }) => offsetMsgId, wide: true },
      { key: 'topic', title: 'TOPIC', value: ({ topic }) => topic, wide: true },
      { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true, expendable: true },
      { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId, expendable: true },
      { key: 'queueOffset', title: 'OFFSET', value: ({ queueOffset }) => queueOffset, expendable: true },
      { key: 'storeTime', title: 'STORED', value: ({ storeTime }) => storeTime },
      { key: 'tags', title: 'TAGS', value: ({ tags }) => tags, cut: true },
      { key: 'keys', title: 'KEYS', value: ({ keys }) => keys, cut: true, expendable: true },
      { key: 'bodyBytes', title: 'BYTES', value: ({ bodyBytes }) => bodyBytes, expendable: true },
      { key: 'body', title: 'BODY', value: ({ body }) => body, cut: true },
    ],
    name: ({ msgId }) => msgId,
  });
}

/** One message with all it has. */
export function messageView<D>(message: MessageDoc, doc: D): View<D> {
  const properties = Object.entries(message.properties).map(([key, value]) => `${key}=${value}`);
  return {
    kind: 'record',
    doc,
    name: message.msgId,
    fields: [
      ['msg id', message.msgId],
      ['offset msg id', message.offsetMsgId],
      ['topic', message.topic],
      ['tags', message.tags],
      ['keys', message.keys],
      ['broker', message.brokerName],
      ['queue', message.queueId],
      ['queue offset', message.queueOffset],
      ['commit log offset', message.physicalOffset],
      ['stored', `${message.storeTime} at ${message.storeHost}`],
      ['born', `${message.bornTime} at ${message.bornHost}`],
      ['delivered again', message.reconsumeTimes],
      ['sys flag', message.sysFlag],
      ['properties', properties.join(' ')],
      ['body', `${message.bodyBytes} bytes${message.bodyEncoding === 'base64' ? ', shown as base64' : ''}`],
    ],
    text: `\n${message.body.endsWith('\n') ? message.body : `${message.body}\n`}`,
  };
}
