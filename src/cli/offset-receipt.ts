import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { QueueGoal, ResetPlan, ResetResult } from '../admin/offset-reset.js';
import type { CliIo } from './io.js';
import { stateFolder } from './state-folder.js';
import { readTextFile } from './text-file.js';
import { UsageError } from './usage-error.js';

const KIND = 'mqadmin offset reset';

/** What a reset did, as kept in a file: enough to take it back. */
export interface Receipt {
  readonly kind: typeof KIND;
  readonly version: 1;
  readonly createdAt: string;
  readonly namesrvAddrs: readonly string[];
  readonly consumerGroup: string;
  readonly topic: string;
  readonly mode: ResetPlan['mode'];
  /** False until the reset has been carried out and read back. */
  readonly done: boolean;
  readonly queues: ReadonlyArray<{
    readonly brokerName: string;
    readonly queueId: number;
    readonly before: number | null;
    readonly target: number | null;
    readonly after: number | null;
    readonly verified: boolean;
  }>;
}

/** The receipt of a plan, or of what came of it. */
export function receiptOf(
  plan: ResetPlan,
  result: ResetResult | null,
  made: { readonly now: number; readonly namesrvAddrs: readonly string[] },
): Receipt {
  const { consumerGroup, topic, mode } = plan;
  return {
    kind: KIND,
    version: 1,
    createdAt: new Date(made.now).toISOString(),
    namesrvAddrs: made.namesrvAddrs,
    consumerGroup,
    topic,
    mode,
    done: result !== null,
    queues: plan.queues.map(({ brokerName, queueId, before, target }) => {
      const read = result?.queues.find((queue) => queue.brokerName === brokerName && queue.queueId === queueId);
      return { brokerName, queueId, before, target, after: read?.after ?? null, verified: read?.verified ?? false };
    }),
  };
}

/** Where a receipt goes when nobody says: one file a reset, by its time. */
export function receiptPath(io: Pick<CliIo, 'env' | 'home'>, plan: ResetPlan, now: number): string {
  const time = new Date(now).toISOString().replaceAll(/[:.]/g, '-');
  const name = `${time}-${plan.consumerGroup}-${plan.topic}`.replaceAll(/[^\w.-]/g, '_');
  return join(stateFolder(io), 'receipts', `${name}.json`);
}

/** Writes a receipt whole or not at all. */
export async function writeReceipt(path: string, receipt: Receipt): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}`);
  await writeFile(draft, `${JSON.stringify(receipt, null, 2)}\n`);
  await rename(draft, path);
}

/** Reads a receipt. @throws UsageError */
export async function readReceipt(cwd: string, path: string): Promise<Receipt> {
  const value = await readJson(cwd, path);
  const receipt = value as Partial<Receipt>;
  if (receipt.kind !== KIND || receipt.version !== 1 || !Array.isArray(receipt.queues)) {
    throw new UsageError(`${path} is no receipt of offset reset`);
  }
  return receipt as Receipt;
}

/** The way back: each queue that was moved to where it was. */
export function undoGoals({ queues }: Receipt): QueueGoal[] {
  return queues
    .filter(({ before, target }) => before !== target)
    .map(({ brokerName, queueId, before }) => ({ brokerName, queueId, queueOffset: before }));
}

/**
 * Reads offsets of a file: a list of `{brokerName, queueId, queueOffset}`, or a document with such `queues`, as
 * `consumer progress --json`, `offset reset --json` and receipts have them. Entries of other topics are passed over, and
 * queues of which nothing was committed.
 *
 * @throws UsageError
 */
export async function readGoals(cwd: string, path: string, topic: string): Promise<QueueGoal[]> {
  const value = await readJson(cwd, path);
  const list = Array.isArray(value) ? value : (value as { queues?: unknown } | null)?.queues;
  if (!Array.isArray(list)) throw new UsageError(`${path}: neither a list nor a document with queues`);
  const goals = list.flatMap((entry: unknown, index): QueueGoal[] => {
    const fields = (typeof entry === 'object' && entry !== null ? entry : {}) as Readonly<Record<string, unknown>>;
    if (fields.topic !== undefined && fields.topic !== topic) return [];
    const offset = [fields.queueOffset, fields.consumerOffset, fields.after, fields.target].find(
      (each) => each !== undefined && each !== null,
    );
    if (offset === undefined && fields.consumerOffset === null) return [];
    const { brokerName, queueId } = fields;
    if (typeof brokerName !== 'string' || !isIndex(queueId) || !isIndex(offset)) {
      throw new UsageError(`${path}: entry ${index} lacks brokerName, queueId or queueOffset`, {
        hint: 'an entry is {"brokerName": "broker-a", "queueId": 0, "queueOffset": 1200}',
      });
    }
    return [{ brokerName, queueId, queueOffset: offset }];
  });
  if (goals.length === 0) throw new UsageError(`${path} names no queue of ${topic}`);
  return goals;
}

const isIndex = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

async function readJson(cwd: string, path: string): Promise<unknown> {
  const text = await readTextFile(cwd, path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** The path that a flag names, from where the command was started. */
export const pathFrom = (cwd: string, path: string): string => resolve(cwd, path);
