import type { GetResult, GetStatus } from './store-types.js';

/** A read that returns nothing. */
export function emptyResult(
  status: GetStatus,
  nextBeginOffset: number,
  minOffset: number,
  maxOffset: number,
): GetResult {
  return {
    status,
    nextBeginOffset,
    minOffset,
    maxOffset,
    bytes: null,
    count: 0,
    messageCount: 0,
    queueOffsets: [],
    suggestPullingFromSlave: false,
  };
}
