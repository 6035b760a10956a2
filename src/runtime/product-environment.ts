/**
 * The environment that a test cluster's name server leans on: routes unknown to it are looked up there.
 *
 * Source: namesrv/.../processor/ClusterTestRequestProcessor.java; common/.../namesrv/DefaultTopAddressing.java and
 * common/.../MixAll.java#getWSAddr for finding its name servers
 */

import { openSession } from '../admin/session.js';
import { type Clock, systemClock, systemRandom } from '../base/clock.js';
import { type Logger, silentLogger } from '../base/logger.js';
import { ClientErrorCode, MQBrokerError, MQClientError } from '../client/errors.js';
import { parseNameServerAddresses } from '../client/name-servers.js';
import type { TopicRouteData } from '../protocol/bodies.js';
import { ResponseCode } from '../protocol/response-code.js';
import type { Stoppable } from './running.js';

const TIMEOUT_MS = 3000;
const DEFAULT_DOMAIN = 'jmenv.tbsite.net';
const MAX_ADDRESS_CHARS = 65_536;

export interface ProductEnvironment extends Stoppable {
  /** The topic's route there, or null. @throws when the environment cannot be asked */
  readonly route: (topic: string) => Promise<TopicRouteData | null>;
}

export interface ProductEnvironmentOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly fetch?: (url: string, init: { signal: AbortSignal }) => Promise<Pick<Response, 'ok' | 'status' | 'text'>>;
}

/** The address server's URL for an environment. */
export function addressServerUrl(envName: string, env: Readonly<Record<string, string | undefined>>): string {
  const domain = env.ROCKETMQ_NAMESRV_DOMAIN || DEFAULT_DOMAIN;
  const base = `http://${domain.includes(':') ? domain : `${domain}:8080`}/rocketmq/nsaddr`;
  return `${base}-${encodeURIComponent(envName)}?nofix=1`;
}

/**
 * Prepares to ask another environment. Its name servers are `NAMESRV_ADDR` if that is set, else what the address
 * server at `ROCKETMQ_NAMESRV_DOMAIN` says when a topic is first looked up.
 */
export function openProductEnvironment(
  envName: string,
  {
    clock = systemClock,
    env = process.env,
    fetch = globalThis.fetch,
    logger = silentLogger,
  }: ProductEnvironmentOptions,
): ProductEnvironment {
  const namesrvAddrs = async (): Promise<string[]> => {
    if (env.NAMESRV_ADDR) return parseNameServerAddresses(env.NAMESRV_ADDR);
    const url = addressServerUrl(envName, env);
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new MQClientError(`${url} answered ${response.status}`);
    const text = await response.text();
    const addrs = text.length > MAX_ADDRESS_CHARS ? [] : parseNameServerAddresses(text);
    if (addrs.length === 0) {
      throw new MQClientError(`${url} names no name server`, {
        responseCode: ClientErrorCode.NO_NAME_SERVER_EXCEPTION,
      });
    }
    return addrs;
  };
  const open = async () =>
    openSession({ namesrvAddrs: await namesrvAddrs(), timeoutMs: TIMEOUT_MS, clock, random: systemRandom, logger });
  let session: ReturnType<typeof open> | null = null;

  return {
    async route(topic) {
      session ??= open();
      const opening = session;
      try {
        return await (await opening).api.getTopicRouteInfo(topic);
      } catch (error) {
        if (error instanceof MQBrokerError && error.responseCode === ResponseCode.TOPIC_NOT_EXIST) return null;
        // Try from the start next time: the environment may have moved.
        if (session === opening) {
          session = null;
          void opening.then((opened) => opened.close()).catch(() => undefined);
        }
        throw error;
      }
    },
    async shutdown() {
      const opened = await session?.catch(() => null);
      await opened?.close();
    },
  };
}
