import type { ConsumerRunningInfo } from '../../protocol/bodies.js';
import { inHashOrder } from '../../protocol/java-hash.js';
import { compareMessageQueue } from '../../protocol/message-queue.js';
import { compactTime, left, right } from './java-text.js';

/** Source: remoting/protocol/body/ConsumerRunningInfo.java#formatString */
export function runningInfoText(info: ConsumerRunningInfo): string {
  const byQueue = [...info.mqTable].sort((a, b) => compareMessageQueue(a.mq, b.mq));
  const popByQueue = [...info.mqPopTable].sort((a, b) => compareMessageQueue(a.mq, b.mq));
  const queueRow = (width: number, { topic, brokerName, queueId }: (typeof byQueue)[number]['mq'], rest: string) =>
    `${left(topic, width)}  ${left(brokerName, 32)}  ${left(queueId, 4)}  ${rest}\n`;
  const queueHead = (width: number, last: string) =>
    `${left('#Topic', width)}  ${left('#Broker Name', 32)}  ${left('#QID', 4)}  ${left(last, 20)}\n`;
  const lines: string[] = ['#Consumer Properties#\n'];
  const property = ([name, value]: readonly [string, string]) => `${left(name, 40)}: ${value}\n`;
  lines.push(...inHashOrder(Object.entries(info.properties), ([name]) => name).map(property));
  lines.push('\n\n#Consumer Subscription#\n');
  const subscriptions = [...info.subscriptionSet].sort((a, b) =>
    `${a.topic}@${a.subString}` < `${b.topic}@${b.subString}` ? -1 : 1,
  );
  for (const [i, { topic, classFilterMode, subString }] of subscriptions.entries()) {
    const number = String(i + 1).padStart(3, '0');
    lines.push(
      `${number} Topic: ${left(topic ?? 'null', 40)} ClassFilter: ${left(String(classFilterMode), 8)} ` +
        `SubExpression: ${subString}\n`,
    );
  }
  lines.push('\n\n#Consumer Offset#\n', queueHead(64, '#Consumer Offset'));
  for (const { mq, commitOffset } of byQueue) lines.push(queueRow(32, mq, left(commitOffset, 20)));
  lines.push('\n\n#Consumer MQ Detail#\n', queueHead(64, '#ProcessQueueInfo'));
  for (const { mq, ...queue } of byQueue) lines.push(queueRow(64, mq, processQueueText(queue)));
  lines.push('\n\n#Consumer Pop Detail#\n', queueHead(32, '#ProcessQueueInfo'));
  for (const { mq, waitAckCount, droped, lastPopTimestamp } of popByQueue) {
    const text = `PopProcessQueueInfo [waitAckCount:${waitAckCount}, droped:${droped}, lastPopTimestamp:${lastPopTimestamp}]`;
    lines.push(queueRow(32, mq, text));
  }
  lines.push('\n\n#Consumer RT&TPS#\n');
  const statusRow = (width: number, cells: readonly string[]) => {
    const [topic = '', ...numbers] = cells;
    const widths = [14, 14, 14, 14, 18, 25];
    return `${left(topic, width)}  ${numbers.map((cell, i) => right(cell, widths[i] as number)).join(' ')}\n`;
  };
  lines.push(
    statusRow(64, [
      ...['#Topic', '#Pull RT', '#Pull TPS', '#Consume RT', '#ConsumeOK TPS', '#ConsumeFailed TPS'],
      '#ConsumeFailedMsgsInHour',
    ]),
  );
  for (const topic of Object.keys(info.statusTable).sort()) {
    const status = info.statusTable[topic];
    if (status === undefined) continue;
    const { pullRT, pullTPS, consumeRT, consumeOKTPS, consumeFailedTPS, consumeFailedMsgs } = status;
    const rates = [pullRT, pullTPS, consumeRT, consumeOKTPS, consumeFailedTPS].map((rate) => rate.toFixed(2));
    lines.push(statusRow(32, [topic, ...rates, String(consumeFailedMsgs)]));
  }
  lines.push('\n\n#User Consume Info#\n');
  const userInfo = Object.entries(info.userConsumerInfo).sort(([a], [b]) => (a < b ? -1 : 1));
  lines.push(...userInfo.map(property));
  if (info.jstack != null) lines.push('\n\n#Consumer jstack#\n', info.jstack);
  return lines.join('');
}

type ProcessQueue = Omit<ConsumerRunningInfo['mqTable'][number], 'mq'>;

/** Source: remoting/protocol/body/ProcessQueueInfo.java#toString */
function processQueueText(queue: ProcessQueue): string {
  const times = ['lastLockTimestamp', 'lastPullTimestamp', 'lastConsumeTimestamp'];
  const names = [
    ...['commitOffset', 'cachedMsgMinOffset', 'cachedMsgMaxOffset', 'cachedMsgCount', 'cachedMsgSizeInMiB'],
    ...['transactionMsgMinOffset', 'transactionMsgMaxOffset', 'transactionMsgCount', 'locked', 'tryUnlockTimes'],
    ...['lastLockTimestamp', 'droped', 'lastPullTimestamp', 'lastConsumeTimestamp'],
  ] as const satisfies ReadonlyArray<keyof ProcessQueue>;
  const texts = names.map((name) => {
    const value = queue[name];
    return `${name}=${times.includes(name) ? compactTime(Number(value)) : value}`;
  });
  return `ProcessQueueInfo [${texts.join(', ')}]`;
}
