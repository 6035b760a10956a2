/**
 * Runs `fn` when the process exits, however that comes about short of SIGKILL. `fn` must be synchronous.
 *
 * @returns takes the hook away again
 */
export function onExit(fn: () => void): () => void {
  // One hook each is on purpose; the limit that warns of leaks moves along. 0 is no limit.
  const moveLimit = (by: number) => {
    const limit = process.getMaxListeners();
    if (limit > 0) process.setMaxListeners(limit + by);
  };
  moveLimit(1);
  process.on('exit', fn);
  let isActive = true;
  return () => {
    if (!isActive) return;
    isActive = false;
    process.off('exit', fn);
    moveLimit(-1);
  };
}
