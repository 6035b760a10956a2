import { rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TopicRemappingDetailWrapper } from '../protocol/bodies.js';
import type { CliIo } from './io.js';
import { UsageError } from './usage-error.js';

/**
 * Keeps a state of a static topic in a file, from which it can be brought back.
 *
 * @returns its path: `<temporary folder>/<topic>-<epoch>.before` or `.after`
 * @throws UsageError when it cannot be written
 * Source: remoting/.../protocol/statictopic/TopicQueueMappingUtils.java#writeToTemp
 */
export async function saveMapping(
  io: Pick<CliIo, 'env'>,
  wrapper: TopicRemappingDetailWrapper,
  when: 'before' | 'after',
): Promise<string> {
  const { encodeMapping } = await import('../admin/static-topic.js');
  const path = join(io.env.TMPDIR || tmpdir(), `${wrapper.topic}-${wrapper.epoch}.${when}`);
  const fresh = `${path}.tmp`;
  try {
    // Never through a link that somebody has put there.
    await rm(fresh, { force: true });
    await writeFile(fresh, encodeMapping(wrapper), { flag: 'wx' });
    await rename(fresh, path);
  } catch (error) {
    throw new UsageError(`the file ${path} cannot be written: ${(error as Error).message}`, { cause: error });
  }
  return path;
}
