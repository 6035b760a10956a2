/** Name servers and brokers, ours and Apache's, each a process of its own on a free port of the loopback interface. */
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AdminSession, openSession } from '../../../src/admin/session.js';
import { systemClock, systemRandom } from '../../../src/base/clock.js';
import type { ApacheMake } from './artifacts.js';
import type { Child, Playground } from './children.js';
import type { Credentials } from './peer.js';
import { WAIT_MS, waitFor } from './wait.js';

const BIN = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));
export const CLUSTER = 'DefaultCluster';

/** Whose server, and whose client; Apache's are of the newest line. */
export type Make = 'ours' | 'apache';
/** The older line, too. */
export type ServerMake = 'ours' | ApacheMake;

/**
 * Settings of every broker, by names that both makes know: small files, so that a few thousand messages fill several,
 * and short waits. The level table has one level that is over before anything else happens and one that is not.
 */
export const BROKER_SETTINGS: Readonly<Record<string, string>> = {
  brokerClusterName: CLUSTER,
  brokerIP1: '127.0.0.1',
  mappedFileSizeCommitLog: String(1024 * 1024),
  mappedFileSizeConsumeQueue: String(300 * 20),
  maxHashSlotNum: '5000',
  maxIndexNum: '2000',
  diskMaxUsedSpaceRatio: '95',
  enablePropertyFilter: 'true',
  flushConsumerOffsetInterval: '1000',
  messageDelayLevel: '1s 12s 20s 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m',
  transactionTimeOut: '2000',
  transactionCheckInterval: '3000',
};

/** What only Apache's broker needs, since it is to start fast. */
const APACHE_SETTINGS: Readonly<Record<string, string>> = {
  // The wheel (of arbitrary delays) alone takes as long to build as all the rest; threads cost time and gain nothing.
  timerWheelEnable: 'false',
  sendMessageThreadPoolNums: '4',
  pullMessageThreadPoolNums: '4',
  adminBrokerThreadPoolNums: '4',
  heartbeatThreadPoolNums: '2',
  // On a busy machine sends wait for longer than the 200 ms after which they would be refused.
  waitTimeMillsInSendQueue: '10000',
};

/** A small JVM: what Apache's own start scripts open to its code, and no more heap than the tests need. */
const JVM: readonly string[] = [
  // Without this each server makes up an RSA key at every start, which takes seconds.
  '-Dtls.server.mode=disabled',
  ...['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
  ...['--add-exports', 'java.base/jdk.internal.ref=ALL-UNNAMED'],
  ...['--add-opens', 'java.base/sun.nio.ch=ALL-UNNAMED', '--add-opens', 'java.base/java.nio=ALL-UNNAMED'],
  ...['--add-opens', 'java.base/jdk.internal.misc=ALL-UNNAMED'],
];

const NO_LOGS = '<configuration><root level="OFF"/></configuration>\n';

export interface Server {
  readonly make: ServerMake;
  readonly child: Child;
  /** `host:port` */
  readonly addr: string;
}

export interface BrokerOptions {
  readonly namesrvAddr: string;
  readonly brokerName: string;
  readonly storeDir: string;
  readonly settings?: Readonly<Record<string, string>>;
}

/** How servers are set up. */
export interface ServerProfile {
  /** Of all brokers. */
  readonly settings: Readonly<Record<string, string>>;
  /** Of Apache's brokers beside these. */
  readonly apacheSettings: Readonly<Record<string, string>>;
  /** Flags of Apache's JVMs. */
  readonly jvm: readonly string[];
}

const INTEROP_PROFILE: ServerProfile = { settings: BROKER_SETTINGS, apacheSettings: APACHE_SETTINGS, jvm: JVM };

/** Starts servers; a session for asking the brokers is made by `session`. */
export class Servers {
  readonly #playground: Playground;
  readonly #classPaths: Readonly<Partial<Record<ApacheMake, string>>>;
  readonly #profile: ServerProfile;

  /** @param classPaths of the makes that are to be started */
  constructor(
    playground: Playground,
    classPaths: Readonly<Partial<Record<ApacheMake, string>>>,
    profile = INTEROP_PROFILE,
  ) {
    this.#playground = playground;
    this.#classPaths = classPaths;
    this.#profile = profile;
  }

  /** An operator's view of a cluster. To be closed. */
  session(namesrvAddr: string, credentials?: Credentials): Promise<AdminSession> {
    const namesrvAddrs = namesrvAddr.split(';');
    const clocks = { clock: systemClock, random: systemRandom };
    return openSession({ namesrvAddrs, timeoutMs: 10_000, ...clocks, ...credentials });
  }

  async namesrv(make: ServerMake): Promise<Server> {
    return make === 'ours' ? this.#ourNamesrv() : this.#apacheNamesrv(make);
  }

  /** Resolves when it is registered with every name server. */
  async broker(make: ServerMake, options: BrokerOptions): Promise<Server> {
    const server = await (make === 'ours' ? this.#ourBroker(options) : this.#apacheBroker(make, options));
    for (const namesrvAddr of options.namesrvAddr.split(';')) {
      const session = await this.session(namesrvAddr);
      try {
        await this.#alive(server, `${make} broker to register with ${namesrvAddr}`, async () => {
          const { brokerAddrTable } = await session.api.getBrokerClusterInfo();
          return brokerAddrTable[options.brokerName]?.brokerAddrs.get(0) === server.addr;
        });
      } finally {
        await session.close();
      }
    }
    return server;
  }

  /** Ours as one process: name server and broker. */
  async up(settings: Readonly<Record<string, string>> = {}): Promise<Server> {
    const storeDir = await this.#playground.newFolder('up');
    const args = ['up', '--namesrv-port', '0', '--broker-port', '0', '--store-dir', storeDir];
    const { child, said } = this.#ours('up', [...args, ...setFlags(settings)]);
    return { make: 'ours', child, addr: text((await said).namesrvAddr) };
  }

  async #ourNamesrv(): Promise<Server> {
    const dataDir = await this.#playground.newFolder('namesrv');
    const args = ['namesrv', 'start', '--port', '0', '--host', '127.0.0.1', '--data-dir', dataDir];
    const { child, said } = this.#ours('our name server', args);
    return { make: 'ours', child, addr: text((await said).namesrvAddr) };
  }

  async #ourBroker(options: BrokerOptions): Promise<Server> {
    const config = await this.#configFile(options, { bindAddress: '127.0.0.1' });
    const port = options.settings?.listenPort ?? '0';
    const args = ['broker', 'start', '-c', config, '--port', port];
    const { child, said } = this.#ours(`our broker ${options.brokerName}`, args);
    return { make: 'ours', child, addr: text((await said).addr) };
  }

  #ours(name: string, args: readonly string[]): { child: Child; said: Promise<Record<string, unknown>> } {
    let firstLine: string | null = null;
    const onLine = (line: string) => {
      firstLine ??= line;
    };
    const child = this.#playground.spawn(name, process.execPath, [BIN, ...args, '--json'], { onLine });
    const said = this.#alive({ child }, `${name} to serve`, () => firstLine).then(
      (line) => JSON.parse(line) as Record<string, unknown>,
    );
    return { child, said };
  }

  async #apacheNamesrv(make: ApacheMake): Promise<Server> {
    const home = await this.#home('namesrv');
    const [port] = await freePorts([0]);
    const config = join(home, 'namesrv.conf');
    await writeFile(config, formatProperties({ listenPort: String(port), kvConfigPath: join(home, 'kvConfig.json') }));
    const child = this.#java(make, 'name server', home, ['org.apache.rocketmq.namesrv.NamesrvStartup', '-c', config]);
    const addr = `127.0.0.1:${port}`;
    const session = await this.session(addr);
    try {
      await this.#alive({ child }, `${make} name server to serve`, async () => {
        await session.api.getBrokerClusterInfo();
        return true;
      });
    } finally {
      await session.close();
    }
    return { make, child, addr };
  }

  async #apacheBroker(make: ApacheMake, options: BrokerOptions): Promise<Server> {
    const home = await this.#home(options.brokerName);
    // It also listens two below its port and, for replication, one above.
    const [freePort, haPort] = await freePorts([0, 1, -2]);
    const port = options.settings?.listenPort ?? freePort;
    const config = await this.#configFile(options, {
      listenPort: String(port),
      haListenPort: String(haPort),
      autoCreateTopicEnable: 'true',
      ...this.#profile.apacheSettings,
    });
    const child = this.#java(make, `broker ${options.brokerName}`, home, [
      'org.apache.rocketmq.broker.BrokerStartup',
      '-c',
      config,
    ]);
    return { make, child, addr: `127.0.0.1:${port}` };
  }

  /** A folder for a server's own files. */
  async #home(name: string): Promise<string> {
    const home = await this.#playground.newFolder(name);
    // Servers of 4.9 do not start without.
    await mkdir(join(home, 'conf'));
    for (const server of ['namesrv', 'broker']) await writeFile(join(home, `conf/logback_${server}.xml`), NO_LOGS);
    return home;
  }

  #java(make: ApacheMake, name: string, home: string, args: readonly string[]): Child {
    const classPath = this.#classPaths[make];
    if (classPath === undefined) throw new Error(`no jars of ${make}`);
    const flags = [...this.#profile.jvm, `-Duser.home=${home}`, '-cp', classPath];
    return this.#playground.spawn(`${make} ${name}`, 'java', [...flags, ...args], {
      cwd: home,
      env: { ROCKETMQ_HOME: home },
    });
  }

  async #configFile(options: BrokerOptions, more: Readonly<Record<string, string>>): Promise<string> {
    const folder = await this.#playground.newFolder(`conf-${options.brokerName}`);
    const file = join(folder, 'broker.conf');
    const settings = {
      ...this.#profile.settings,
      ...more,
      brokerName: options.brokerName,
      brokerId: '0',
      namesrvAddr: options.namesrvAddr,
      storePathRootDir: options.storeDir,
      ...options.settings,
    };
    await writeFile(file, formatProperties(settings));
    return file;
  }

  /** waitFor, but over as soon as the process is. */
  async #alive<T>({ child }: { child: Child }, what: string, probe: () => T | Promise<T>) {
    const over = new Error(`${child.name} ended`);
    try {
      return await Promise.race([
        waitFor(what, probe, WAIT_MS),
        child.ended.then((how) => {
          over.message = `${child.name} ended (${how}): ${child.tail()}`;
          throw over;
        }),
      ]);
    } catch (error) {
      if (error !== over) await child.kill();
      throw error;
    }
  }
}

export function setFlags(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
}

function formatProperties(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`expected text, got ${JSON.stringify(value)}`);
  return value;
}

/** A free port and the ones at the given distances from it, all free. @param distances of which the first is 0 */
export async function freePorts(distances: readonly number[]): Promise<number[]> {
  for (;;) {
    const base = await listenOnce(0);
    if (base === null || base > 65_000) continue;
    const ports = distances.map((distance) => base + distance);
    let free = true;
    for (const port of ports) free &&= (await listenOnce(port)) !== null;
    if (free) return ports;
  }
}

/** The port, or null when it is taken. */
function listenOnce(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : null));
    });
  });
}
