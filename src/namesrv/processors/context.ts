import type { ConfigFile } from '../../base/config-file.js';
import type { Logger } from '../../base/logger.js';
import type { TopicRouteData } from '../../protocol/bodies.js';
import type { RequestProcessor } from '../../remoting/server.js';
import type { KvConfig } from '../kv-config.js';
import type { NamesrvConfig } from '../namesrv-config.js';
import type { RouteInfo } from '../route-info.js';

/** What processors share. They see requests, never sockets. */
export interface NamesrvContext {
  readonly config: NamesrvConfig;
  readonly configFile: ConfigFile;
  readonly routes: RouteInfo;
  readonly kv: KvConfig;
  readonly logger: Logger;
  /** Wall time, ms since the epoch. */
  now(): number;
  /** When the name server began to serve, ms since the epoch. */
  readonly startedAtMs: number;
  /** Has the queued unregistrations applied soon, and their notifications sent. */
  unregisterSoon(): void;
  /** Sends what a registration decided. */
  notify(notifications: ReturnType<RouteInfo['drainUnregistrations']>['notifications']): void;
  /** Has changed properties take effect that are not simply read at every use. */
  configChanged(): void;
  /** Routes of another environment for topics unknown here; null when there is none (`clusterTest`). */
  readonly productEnvironment: ((topic: string) => Promise<TopicRouteData | null>) | null;
}

/** Request code and its processor. */
export type Processors = ReadonlyArray<readonly [code: number, processor: RequestProcessor]>;

/** What a Java help text ends with. Source: common/.../help/FAQUrl.java#suggestTodo */
export const FAQ_HINT = '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.';
