/**
 * How the queues of a topic are shared out among the members of a group. Every member computes the same
 * result from the same sorted input.
 *
 * Source: client/consumer/rebalance/*.java
 */
import { createHash } from 'node:crypto';
import type { MessageQueue } from '../protocol/message-queue.js';
import type { AllocateMessageQueueStrategy } from '../protocol/queue-allocation.js';

export {
  type AllocateMessageQueueStrategy,
  allocateAveragely,
  allocateAveragelyByCircle,
} from '../protocol/queue-allocation.js';

/** First four bytes of the MD5 of the UTF-8 text, big-endian, unsigned. Source: common/consistenthash/MD5Hash */
function ringHash(key: string): number {
  return createHash('md5').update(key, 'utf8').digest().readUInt32BE(0);
}

/**
 * Each queue goes to the next virtual node of a member on a hash ring.
 *
 * @param virtualNodes per member
 */
export function allocateByConsistentHash(virtualNodes = 10): AllocateMessageQueueStrategy {
  return {
    name: 'CONSISTENT_HASH',
    allocate(clientId, queues, clientIds) {
      if (!clientIds.includes(clientId)) return [];
      const owners = new Map<number, string>();
      for (const id of clientIds) {
        for (let node = 0; node < virtualNodes; node += 1) owners.set(ringHash(`${id}-${node}`), id);
      }
      const ring = [...owners.keys()].sort((a, b) => a - b);
      return queues.filter(({ topic, brokerName, queueId }) => {
        const hash = ringHash(`MessageQueue [topic=${topic}, brokerName=${brokerName}, queueId=${queueId}]`);
        const node = ring.find((point) => point >= hash) ?? ring[0];
        return node !== undefined && owners.get(node) === clientId;
      });
    },
  };
}

/** Always the same queues, whoever else is there. */
export function allocateByConfig(messageQueues: readonly MessageQueue[]): AllocateMessageQueueStrategy {
  return { name: 'CONFIG', allocate: () => [...messageQueues] };
}

/**
 * Only queues of brokers named `room@name` with a room of the given set. They are shared in blocks of equal
 * size; what is left over goes one each to the first members.
 */
export function allocateByMachineRoom(rooms: ReadonlySet<string>): AllocateMessageQueueStrategy {
  return {
    name: 'MACHINE_ROOM',
    allocate(clientId, queues, clientIds) {
      const index = clientIds.indexOf(clientId);
      if (index < 0) return [];
      const eligible = queues.filter(({ brokerName }) => {
        const parts = brokerName.split('@');
        return parts.length === 2 && parts[1] !== '' && rooms.has(parts[0] as string);
      });
      const size = Math.floor(eligible.length / clientIds.length);
      const rest = eligible.length % clientIds.length;
      const mine = eligible.slice(index * size, (index + 1) * size);
      const extra = eligible[size * clientIds.length + index];
      if (rest > index && extra !== undefined) mine.push(extra);
      return mine;
    },
  };
}

/** Tells which machine room a broker and a member stand in. */
export interface MachineRoomResolver {
  brokerDeployIn(queue: MessageQueue): string;
  consumerDeployIn(clientId: string): string;
}

/** Queues of a room go to its members by `inner`; those of rooms without members to all members by `inner`. */
export function allocateByMachineRoomNearby(
  inner: AllocateMessageQueueStrategy,
  resolver: MachineRoomResolver,
): AllocateMessageQueueStrategy {
  return {
    name: `MACHINE_ROOM_NEARBY-${inner.name}`,
    allocate(clientId, queues, clientIds) {
      if (!clientIds.includes(clientId)) return [];
      const queuesByRoom = groupBy(queues, (queue) => resolver.brokerDeployIn(queue));
      const clientsByRoom = groupBy(clientIds, (id) => resolver.consumerDeployIn(id));
      const own = resolver.consumerDeployIn(clientId);
      const mine = inner.allocate(clientId, queuesByRoom.get(own) ?? [], clientsByRoom.get(own) ?? []);
      for (const room of [...queuesByRoom.keys()].sort()) {
        if (!clientsByRoom.has(room)) mine.push(...inner.allocate(clientId, queuesByRoom.get(room) ?? [], clientIds));
      }
      return mine;
    },
  };
}

function groupBy<T>(items: readonly T[], roomOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const room = roomOf(item);
    const group = groups.get(room);
    if (group) group.push(item);
    else groups.set(room, [item]);
  }
  return groups;
}
