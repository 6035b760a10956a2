/** Something started that has to be shut down. */
export interface Stoppable {
  shutdown(): Promise<void>;
}

/**
 * Shuts down in reverse order, one after the other; all of them, even when some fail.
 *
 * @throws the error of the only one that failed, or an AggregateError of several
 */
export async function shutdownInReverse(started: readonly Stoppable[]): Promise<void> {
  const errors: unknown[] = [];
  for (const one of [...started].reverse()) {
    try {
      await one.shutdown();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, 'several servers failed to shut down');
}

/** Makes a shutdown that runs once however often it is called. */
export function once(shutdown: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => {
    running ??= shutdown();
    return running;
  };
}
