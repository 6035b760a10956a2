import type { DataVersion } from '../../protocol/data-version.js';
import { stringifyFastjson } from '../../protocol/fastjson.js';
import { RemotingTimeoutError } from '../../remoting/errors.js';
import type { CallOptions, Rpc, RpcRequest } from '../rpc.js';

/** Page size asked for. Source: client/ClientConfig.java#maxPageSizeInGetMetadata */
const DEFAULT_PAGE_SIZE = 2000;

/** Reads of a moving table are restarted at most this often before the last reading is taken as it is. */
const MAX_RESTARTS = 10;

interface PagedCall<T> {
  request(seq: number, pageSize: number, dataVersionJson: string): RpcRequest;
  /** Response header field with the size of the whole table; brokers that do not page leave it out. */
  totalField: string;
  decode(body: Buffer | null): T;
  count(page: T): number;
  versionOf(page: T): DataVersion;
  sameVersion(a: T, b: T): boolean;
  merge(all: T, page: T): T;
}

/**
 * Reads a table page by page: from the start again when its DataVersion moved meanwhile.
 *
 * Apache's loop also ends one entry early (`seq >= total - 1`), which would lose the last entry when it
 * sits alone on a page; this one reads on until `seq >= total` or an empty page.
 *
 * Source: client/impl/MQClientAPIImpl.java#getAllTopicConfig, #getAllSubscriptionGroup
 */
export async function pageThrough<T>(
  rpc: Rpc,
  addr: string,
  options: CallOptions & { pageSize?: number },
  paged: PagedCall<T>,
): Promise<T> {
  const deadline = rpc.monotonicMs() + (options.timeoutMs ?? rpc.timeoutMs);
  const pageSize = options.pageSize ?? DEFAULT_PAGE_SIZE;
  let all: T | null = null;
  let seq = 0;
  let restarts = 0;
  for (;;) {
    const leftMs = deadline - rpc.monotonicMs();
    if (leftMs <= 0) {
      const timeoutMs = options.timeoutMs ?? rpc.timeoutMs;
      throw new RemotingTimeoutError(
        addr,
        `reading a table from ${addr} page by page took over ${timeoutMs} ms`,
        timeoutMs,
      );
    }
    const dataVersionJson = all === null ? '' : stringifyFastjson(paged.versionOf(all));
    const request = paged.request(seq, pageSize, dataVersionJson);
    const response = await rpc.call(addr, request, { ...options, timeoutMs: leftMs });
    const page = paged.decode(response.body);
    const totalText = response.extFields?.[paged.totalField];
    if (all !== null && !paged.sameVersion(all, page) && restarts < MAX_RESTARTS) {
      restarts += 1;
      seq = 0;
      all = null;
      continue;
    }
    const count = paged.count(page);
    seq += count;
    all = all === null ? page : paged.merge(all, page);
    if (totalText === undefined || count === 0 || seq >= Number(totalText)) return all;
  }
}
