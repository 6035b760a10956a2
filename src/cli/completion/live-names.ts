import type { AdminSession } from '../../admin/session.js';
import type { CliIo } from '../io.js';
import type { FlagSettings } from '../settings.js';
import type { ValueKind } from './value-kind.js';

/** Nobody waits longer for a proposal. */
const PATIENCE_MS = 1500;

/** Kinds that only the cluster knows. */
const READERS: Partial<Record<ValueKind, (session: AdminSession) => Promise<readonly string[]>>> = {
  topic: async (session) => {
    const { listTopics } = await import('../../admin/topic-list.js');
    return (await listTopics(session, { clusterName: null })).topics
      .filter(({ kind }) => kind === 'normal')
      .map(({ topic }) => topic);
  },
  group: async (session) => {
    const { listGroupNames } = await import('../../admin/topic-list.js');
    return listGroupNames(session);
  },
  cluster: async (session) => {
    const { readCluster } = await import('../../admin/cluster.js');
    return Object.keys((await readCluster(session, session.deadline())).clusterAddrTable);
  },
  broker: async (session) => {
    const { readCluster } = await import('../../admin/cluster.js');
    return Object.keys((await readCluster(session, session.deadline())).brokerAddrTable);
  },
  brokerAddr: async (session) => {
    const { brokerAddresses, readCluster } = await import('../../admin/cluster.js');
    return brokerAddresses(await readCluster(session, session.deadline())).map(({ addr }) => addr);
  },
};

/**
 * Names of a kind, sorted; none when the cluster does not answer: completion never complains.
 *
 * @param given the settings on the command line that is being written
 */
export async function liveNames(
  kind: ValueKind,
  given: FlagSettings,
  io: CliIo,
  connect?: () => Promise<AdminSession>,
): Promise<readonly string[]> {
  try {
    if (kind === 'context') {
      const { ContextFile } = await import('../contexts.js');
      return ContextFile.open(io.env, io.home).names();
    }
    if (READERS[kind] === undefined) return [];
    const session = await (connect ?? (() => open(given, io)))();
    try {
      return await namesOf(kind, session);
    } finally {
      await session.close();
    }
  } catch {
    return [];
  }
}

/** The names of a kind that a cluster has, sorted; none for a kind that is not the cluster's. @throws as the calls do */
export async function namesOf(kind: ValueKind, session: AdminSession): Promise<readonly string[]> {
  return [...((await READERS[kind]?.(session)) ?? [])].sort();
}

async function open(given: FlagSettings, io: CliIo): Promise<AdminSession> {
  const [{ resolveSettings }, { connect }] = await Promise.all([import('../settings.js'), import('../run-command.js')]);
  const settings = await resolveSettings({ flags: given, env: io.env, cwd: io.cwd, home: io.home });
  const timeoutMs = { value: Math.min(PATIENCE_MS, settings.timeoutMs.value), origin: 'completion' };
  return connect({ ...settings, timeoutMs }, io);
}
