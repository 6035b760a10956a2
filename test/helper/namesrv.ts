import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.js';
import { NameServer, type NameServerDeps } from '../../src/namesrv/name-server.js';
import { createNamesrvConfig, type NamesrvConfig } from '../../src/namesrv/namesrv-config.js';
import { RecordingLogger } from './remoting.js';

export interface TestNamesrv {
  readonly server: NameServer;
  readonly addr: string;
  readonly folder: string;
  readonly logger: RecordingLogger;
}

/** A name server on a free loopback port with a folder of its own; both go with the test. */
export async function startNamesrv(
  t: ExecutionContext,
  config: Partial<NamesrvConfig> = {},
  deps: Partial<NameServerDeps> = {},
): Promise<TestNamesrv> {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-namesrv-'));
  const logger = new RecordingLogger();
  const server = new NameServer(
    createNamesrvConfig({
      kvConfigPath: join(folder, 'kvConfig.json'),
      configStorePath: join(folder, 'namesrv.properties'),
      ...config,
    }),
    { logger, clock: systemClock, ...deps },
  );
  t.teardown(async () => {
    await server.shutdown();
    await rm(folder, { recursive: true, force: true });
  });
  const { port } = await server.start({ host: '127.0.0.1', port: 0 });
  return { server, addr: `127.0.0.1:${port}`, folder, logger };
}
