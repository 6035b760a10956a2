import { AdminError } from '../admin/failure.js';
import { queryById } from '../admin/message-query.js';
import { resendMessage } from '../admin/message-send.js';
import { applyReset, planReset, type ResetPlan } from '../admin/offset-reset.js';
import type { Position } from '../admin/position.js';
import type { AdminSession } from '../admin/session.js';
import { topicRoute } from '../admin/topic-route.js';
import { readTopicConfig, updateTopic } from '../admin/topic-write.js';
import { formatCount } from '../cli/render/units.js';
import type { PanelPlan, WriteRequest } from './state/console-state.js';

/** What came of a write. */
export interface WriteOutcome {
  readonly text: string;
  readonly isBad: boolean;
}

/** A plan and how to carry it out. Nothing is written before `apply`. */
export interface PlannedWrite {
  readonly plan: PanelPlan;
  apply(): Promise<WriteOutcome>;
}

/** Reads a place in a queue as users write it. @throws an error that says what is wrong with the text */
export type ParsePosition = (text: string, nowMs: number) => Position;

/**
 * Finds out what a write would do.
 *
 * @throws what the use cases throw
 */
export async function planWrite(
  session: AdminSession,
  write: WriteRequest,
  parsePosition: ParsePosition,
): Promise<PlannedWrite> {
  switch (write.kind) {
    case 'reset':
    case 'skip': {
      const position: Position =
        write.kind === 'skip' ? { kind: 'end' } : parsePosition(write.position, session.clock.now());
      const plan = await planReset(session, { consumerGroup: write.group, topic: write.topic, position });
      return { plan: resetPlan(plan), apply: () => applyResetPlan(session, plan) };
    }
    case 'resend': {
      const message = await queryById(session, { msgId: write.msgId, topic: write.topic });
      return {
        plan: {
          summary: `stored again as a new message of ${message.body.length} bytes, for all groups of the topic`,
          lines: [{ text: `tags ${write.message.tags ?? '-'}, keys ${write.message.keys ?? '-'}`, isBad: false }],
        },
        apply: async () => {
          const sent = await resendMessage(session, message);
          const place = `${sent.brokerName}/${sent.queueId} at offset ${sent.queueOffset}`;
          return { text: `${sent.sendStatus}: stored in ${place}`, isBad: sent.sendStatus !== 'SEND_OK' };
        },
      };
    }
    case 'permission':
      return planPermission(session, write.topic, write.perm);
  }
}

function resetPlan(plan: ResetPlan): PanelPlan {
  const waiting = (offset: (queue: ResetPlan['queues'][number]) => number) =>
    plan.queues.reduce((sum, queue) => sum + queue.maxOffset - offset(queue), 0);
  const before = waiting(({ before: offset, minOffset }) => offset ?? minOffset);
  const after = waiting(({ target, minOffset }) => target ?? minOffset);
  const count = plan.queues.length === 1 ? '1 queue' : `${plan.queues.length} queues`;
  const online = plan.clients === 1 ? '1 member online' : `${plan.clients} members online`;
  return {
    summary: `${count}, ${formatCount(before)} waiting -> ${formatCount(after)} waiting, ${online}`,
    lines: plan.queues
      .map(({ brokerName, queueId, before: offset, minOffset, target }) => {
        const move = (target ?? minOffset) - (offset ?? minOffset);
        const effect = move === 0 ? 'stays' : move < 0 ? `replays ${formatCount(-move)}` : `SKIPS ${formatCount(move)}`;
        const from = offset === null ? '-' : formatCount(offset);
        return {
          text: `${`${brokerName}/${queueId}`.padEnd(14)} ${from.padStart(11)} -> ${(target === null ? '-' : formatCount(target)).padStart(11)}   ${effect}`,
          isBad: move > 0,
        };
      })
      .concat(
        plan.left.map(({ brokerName, queueId, reason }) => ({
          text: `${`${brokerName}/${queueId}`.padEnd(14)} stays: ${reason}`,
          isBad: false,
        })),
      ),
  };
}

async function applyResetPlan(session: AdminSession, plan: ResetPlan): Promise<WriteOutcome> {
  const { complete, verified, unreachable } = await applyReset(session, plan);
  if (!complete) {
    const silent = unreachable.map(({ brokerName, addr, reason }) => `${brokerName ?? addr}: ${reason}`);
    return { text: `not everywhere: ${silent.join('; ')}`, isBad: true };
  }
  if (!verified) return { text: 'read back, some offsets are not where they were moved', isBad: true };
  return { text: `done: ${plan.queues.length} queues moved and read back`, isBad: false };
}

const PERM_BITS = { R: 4, W: 2, RW: 6 } as const;
const permText = (perm: number): string => `${(perm & 4) > 0 ? 'R' : ''}${(perm & 2) > 0 ? 'W' : ''}` || 'none';

async function planPermission(session: AdminSession, topic: string, wanted: 'R' | 'W' | 'RW'): Promise<PlannedWrite> {
  const deadline = session.deadline();
  const { brokers } = await topicRoute(session, topic);
  const masters = brokers.flatMap(({ brokerName, brokerAddrs }) => {
    const addr = brokerAddrs['0'];
    return addr === undefined ? [] : [{ brokerName, addr }];
  });
  if (masters.length === 0) throw new AdminError('not-found', `no master serves "${topic}"`);
  const perm = PERM_BITS[wanted];
  const lines = await Promise.all(
    masters.map(async ({ brokerName, addr }) => {
      const config = await readTopicConfig(session, addr, topic, deadline);
      const before = config === null ? 'not there' : permText(config.perm);
      const takesAway = config !== null && (config.perm & ~perm & 6) !== 0;
      return {
        text: `${brokerName.padEnd(14)} ${before} -> ${permText(perm)}${takesAway ? '   TAKES AWAY' : ''}`,
        isBad: takesAway,
      };
    }),
  );
  return {
    plan: {
      summary: `${masters.length === 1 ? '1 broker' : `${masters.length} brokers`}, its other settings stay`,
      lines,
    },
    apply: async () => {
      for (const { addr } of masters)
        await updateTopic(session, { topic, target: { brokerAddr: addr }, patch: { perm } });
      return {
        text: `done: ${topic} is ${permText(perm)} on ${masters.map(({ brokerName }) => brokerName).join(', ')}`,
        isBad: false,
      };
    },
  };
}
