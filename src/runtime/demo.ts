import { DEMO_GROUPS, DEMO_TOPICS, type DemoCounts, startDemoWorkload } from './demo-workload.js';
import { type Stoppable, shutdownInReverse } from './running.js';
import { startSandbox } from './sandbox.js';
import type { ServerSurroundings } from './start-namesrv.js';

export interface DemoOptions extends ServerSurroundings {
  readonly clock: NonNullable<ServerSurroundings['clock']>;
  readonly random: NonNullable<ServerSurroundings['random']>;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
}

export interface Demo extends Stoppable {
  readonly namesrvAddr: string;
  readonly topics: readonly string[];
  readonly groups: readonly string[];
  readonly counts: DemoCounts;
}

/**
 * Starts a sandbox and the demo workload on it. `shutdown` leaves no port, folder or timer behind.
 *
 * @throws as startSandbox and startDemoWorkload; nothing stays then either
 */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const sandbox = await startSandbox({ ...options, topics: DEMO_TOPICS });
  const cluster: Stoppable = { shutdown: () => sandbox.stop() };
  try {
    const workload = await startDemoWorkload(sandbox.namesrvAddr, options);
    return {
      namesrvAddr: sandbox.namesrvAddr,
      topics: DEMO_TOPICS.map(({ name }) => name),
      groups: Object.values(DEMO_GROUPS),
      counts: workload.counts,
      shutdown: () => shutdownInReverse([cluster, workload]),
    };
  } catch (error) {
    await cluster.shutdown();
    throw error;
  }
}
