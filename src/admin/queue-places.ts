import type { Deadline } from './deadline.js';
import type { Target } from './fan-out.js';
import type { Position } from './position.js';
import type { AdminSession } from './session.js';

/** A queue at the broker that serves it. */
export interface QueueAt {
  readonly topic: string;
  readonly queueId: number;
  readonly target: Target & { readonly brokerName: string };
}

/** Offsets between which a queue holds messages: `[minOffset, maxOffset)`. */
export interface QueueBounds {
  readonly minOffset: number;
  readonly maxOffset: number;
}

/**
 * The queue offset that a position means: never outside `[minOffset, maxOffset]`, except for an explicit offset,
 * which is given back as it is.
 */
export async function resolvePosition(
  session: AdminSession,
  queue: QueueAt,
  position: Position,
  bounds: QueueBounds,
  deadline: Deadline,
): Promise<number> {
  const { minOffset, maxOffset } = bounds;
  switch (position.kind) {
    case 'start':
      return minOffset;
    case 'end':
      return maxOffset;
    case 'after-start':
      return Math.min(maxOffset, minOffset + position.count);
    case 'before-end':
      return Math.max(minOffset, maxOffset - position.count);
    case 'queue-offset':
      return position.queueOffset;
    case 'time': {
      if (maxOffset <= minOffset) return maxOffset;
      const ref = { topic: queue.topic, queueId: queue.queueId, brokerName: queue.target.brokerName };
      const offset = await session.api.searchOffset(queue.target.addr, ref, position.timestamp, deadline.call());
      return Math.min(maxOffset, Math.max(minOffset, offset));
    }
  }
}
