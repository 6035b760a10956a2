import { isTopicNotExist } from '../client/errors.js';
import { brokerAddresses, readCluster } from './cluster.js';
import { FAN_OUT_LIMIT, mapBounded } from './fan-out.js';
import type { AdminSession } from './session.js';
import { readTopicConfig } from './topic-write.js';

/**
 * Whether no name server has a route of a topic (105 at each) and no master has the topic (351).
 *
 * @throws what anyone of them fails with: who does not answer may have it
 */
export async function isTopicAbsent(session: AdminSession, topic: string): Promise<boolean> {
  const deadline = session.deadline();
  const routes = await mapBounded(session.api.nameServers.addresses, FAN_OUT_LIMIT, async (namesrvAddr) => {
    try {
      await session.api.getTopicRouteInfo(topic, { ...deadline.call(), namesrvAddr });
      return true;
    } catch (error) {
      if (isTopicNotExist(error)) return false;
      throw error;
    }
  });
  if (routes.includes(true)) return false;
  const masters = brokerAddresses(await readCluster(session, deadline)).filter(({ brokerId }) => brokerId === 0);
  const configs = await mapBounded(masters, FAN_OUT_LIMIT, ({ addr }) =>
    readTopicConfig(session, addr, topic, deadline),
  );
  return configs.every((config) => config === null);
}
