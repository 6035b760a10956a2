import { brokerAt } from './cluster.js';
import { offeredBy } from './offered.js';
import type { AdminSession } from './session.js';

const WHAT = 'a broker container';
const HINT = 'give the address of a container (5.x); the bundled broker runs alone';

/** Starting a broker takes a while, ms. */
const CONTAINER_TIMEOUT_MS = 20_000;

/** Has a container start a broker (902, 5.x). @param request `configPath` is a file on the container's machine */
export async function addBroker(
  session: AdminSession,
  { containerAddr, configPath }: { readonly containerAddr: string; readonly configPath: string },
): Promise<void> {
  const { addr } = brokerAt(containerAddr);
  const deadline = session.deadline(Math.max(session.timeoutMs, CONTAINER_TIMEOUT_MS));
  await offeredBy(addr, WHAT, HINT, session.api.addBroker(addr, configPath, deadline.call()));
}

/** A broker as its container names it. */
export interface BrokerIdentity {
  readonly clusterName: string;
  readonly brokerName: string;
  /** 0 is the master. */
  readonly brokerId: number;
}

/** Has a container stop a broker (903, 5.x). */
export async function removeBroker(
  session: AdminSession,
  { containerAddr, ...broker }: { readonly containerAddr: string } & BrokerIdentity,
): Promise<void> {
  const { addr } = brokerAt(containerAddr);
  const deadline = session.deadline(Math.max(session.timeoutMs, CONTAINER_TIMEOUT_MS));
  const { clusterName: brokerClusterName, brokerName, brokerId } = broker;
  const values = { brokerClusterName, brokerName, brokerId };
  await offeredBy(addr, WHAT, HINT, session.api.removeBroker(addr, values, deadline.call()));
}
