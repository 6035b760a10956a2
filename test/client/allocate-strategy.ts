import { readFileSync } from 'node:fs';
import test from 'ava';
import {
  type AllocateMessageQueueStrategy,
  allocateAveragely,
  allocateAveragelyByCircle,
  allocateByConfig,
  allocateByConsistentHash,
  allocateByMachineRoom,
  allocateByMachineRoomNearby,
} from '../../src/client/allocate-strategy.js';
import type { MessageQueue } from '../../src/protocol/message-queue.js';

interface Golden {
  name: string;
  input: {
    strategy: string;
    topic?: string;
    queues: string[] | number;
    clientIds: string[];
    currentCID?: string;
    virtualNodes?: number;
    consumerIdcs?: string[];
    configured?: number[];
  };
  result: Record<string, number[]> | number;
}

const goldens = JSON.parse(
  readFileSync(new URL('../wire/allocate-strategies.json', import.meta.url), 'utf8'),
) as Golden[];

function queueOf(text: string): MessageQueue {
  const [brokerName, queueId] = text.split('#') as [string, string];
  return { topic: 'orders', brokerName, queueId: Number(queueId) };
}

const roomOf = (text: string) => text.slice(0, text.indexOf('-'));

function strategyOf(input: Golden['input'], queues: MessageQueue[]): AllocateMessageQueueStrategy {
  switch (input.strategy) {
    case 'AVG':
      return allocateAveragely;
    case 'AVG_BY_CIRCLE':
      return allocateAveragelyByCircle;
    case 'CONSISTENT_HASH':
      return allocateByConsistentHash(input.virtualNodes);
    case 'MACHINE_ROOM':
      return allocateByMachineRoom(new Set(input.consumerIdcs));
    case 'CONFIG':
      return allocateByConfig((input.configured ?? []).map((index) => queues[index] as MessageQueue));
    default:
      return allocateByMachineRoomNearby(allocateAveragely, {
        brokerDeployIn: ({ brokerName }) => roomOf(brokerName),
        consumerDeployIn: roomOf,
      });
  }
}

for (const { name, input, result } of goldens) {
  test(`allocates as Java does: ${name}`, (t) => {
    if (typeof input.queues === 'number') {
      const queues = Array.from({ length: input.queues }, (_, queueId) => queueOf(`broker-a#${queueId}`));
      const mine = strategyOf(input, queues).allocate(input.currentCID as string, queues, input.clientIds);
      t.is(mine.length, result as number);
      return;
    }
    const queues = input.queues.map(queueOf);
    const strategy = strategyOf(input, queues);
    t.is(strategy.name, input.strategy);
    for (const clientId of input.clientIds) {
      const mine = strategy.allocate(clientId, queues, input.clientIds);
      const indexes = mine.map((queue) => queues.indexOf(queue));
      t.deepEqual(indexes, (result as Record<string, number[]>)[clientId], clientId);
    }
  });
}
