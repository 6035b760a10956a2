import { join } from 'node:path';
import { MQError } from '../base/errors.js';
import type { Faults } from '../broker/faults.js';
import { BrokerSlot } from './broker-slot.js';
import { dataFolder } from './data-folder.js';
import { once, type Stoppable, shutdownInReverse } from './running.js';
import type { RunningBroker } from './start-broker.js';
import { type RunningNamesrv, type ServerSurroundings, startNamesrv } from './start-namesrv.js';
import { isTlsProperty } from './tls-properties.js';

/** Ports of brokers are this far apart: each may use its own, the two below (fast) and the one above (HA). */
export const BROKER_PORT_STEP = 10;

export const MAX_BROKERS = 64;

/**
 * Store files of an embedded broker, small enough for a laptop: 64 MiB of commit log a file, consume queues of
 * 30,000 entries, index files of about 4 MiB. All brokers that open the folder need the same sizes.
 */
export const SMALL_FILES: Readonly<Record<string, string>> = {
  mappedFileSizeCommitLog: String(64 * 1024 * 1024),
  mappedFileSizeConsumeQueue: String(30_000 * 20),
  maxHashSlotNum: '50000',
  maxIndexNum: '200000',
};

/** What an embedded broker serves beyond Apache's defaults: SQL92 filters, so that they can be tried at once. */
const EMBEDDED: Readonly<Record<string, string>> = { enablePropertyFilter: 'true' };

export interface StartUpOptions extends ServerSurroundings {
  /** Interface of all servers; loopback by default. */
  readonly host?: string;
  /** The address that clients are told; `host` by default. With it, servers listen on all interfaces unless `host` says otherwise. */
  readonly advertise?: string;
  /** 9876 by default; 0 takes a free one. */
  readonly namesrvPort?: number;
  /** Of the first broker, 10911 by default; the next ones follow in steps of BROKER_PORT_STEP. 0 takes free ones. */
  readonly brokerPort?: number;
  /** Masters, each with its own store; 1 by default. */
  readonly brokers?: number;
  /** `DefaultCluster` by default. */
  readonly clusterName?: string;
  /** Everything on disk is below; `$XDG_DATA_HOME/mqadmin/up` by default. */
  readonly storeDir?: string;
  /** Broker properties by Apache's names, stronger than SMALL_FILES. */
  readonly properties?: Readonly<Record<string, string>>;
  /** What goes wrong on purpose, by broker name; nothing by default. */
  readonly faultsOf?: (brokerName: string) => Faults;
  /** Gives up starting; what has been started is shut down. */
  readonly signal?: AbortSignal;
}

export interface RunningCluster extends Stoppable {
  /** `host:port` for clients on this machine, or the advertised address. */
  readonly namesrvAddr: string;
  readonly namesrv: RunningNamesrv;
  readonly brokers: readonly RunningBroker[];
  readonly storeDir: string;
  /**
   * Ends a broker as kill -9 would: connections are cut, nothing is written any more, its store is as it lay on disk.
   *
   * @throws MQError NOT_FOUND for a name that is none of `brokers`, or not running
   */
  kill(brokerName: string): Promise<void>;
  /**
   * Starts a killed broker again, on its port and store.
   *
   * @throws MQError NOT_FOUND for a name that is none of `brokers`, USAGE for one that runs; as startBroker
   */
  restart(brokerName: string): Promise<void>;
}

/** `broker-a` to `broker-z`, then `broker-27` and so on. */
export function brokerNameOf(index: number): string {
  return `broker-${index < 26 ? String.fromCharCode('a'.charCodeAt(0) + index) : index + 1}`;
}

/**
 * Starts a name server and brokers in this process; resolves when all serve and are registered. On failure whatever
 * was started is shut down.
 *
 * @throws as startNamesrv and startBroker; MQError USAGE for a number of brokers outside 1 to MAX_BROKERS; the reason
 *   of `signal`
 */
export async function startUp(options: StartUpOptions = {}): Promise<RunningCluster> {
  const {
    advertise,
    brokerPort = 10911,
    brokers: count = 1,
    clusterName = 'DefaultCluster',
    namesrvPort = 9876,
  } = options;
  if (!Number.isInteger(count) || count < 1 || count > MAX_BROKERS) {
    throw new MQError('USAGE', `${count} brokers: expected 1 to ${MAX_BROKERS}`);
  }
  const host = options.host ?? (advertise === undefined ? '127.0.0.1' : '0.0.0.0');
  const storeDir = options.storeDir ?? dataFolder(['up'], options);
  const surroundings = pickSurroundings(options);
  const started: Stoppable[] = [];
  const shutdown = once(() => shutdownInReverse(started));
  try {
    const namesrv = await startNamesrv({
      ...surroundings,
      host,
      port: namesrvPort,
      dataDir: join(storeDir, 'namesrv'),
      properties: tlsProperties(options.properties),
      portHint: 'choose another with --namesrv-port (0 takes a free one)',
    });
    started.push(namesrv);
    const slots: BrokerSlot[] = [];
    // One after the other: parallel starts would not be faster in one process, and errors name one broker.
    for (let index = 0; index < count; index++) {
      options.signal?.throwIfAborted();
      const brokerName = brokerNameOf(index);
      const slot = new BrokerSlot({
        ...surroundings,
        brokerName,
        clusterName,
        host,
        port: brokerPort === 0 ? 0 : brokerPort + index * BROKER_PORT_STEP,
        namesrvAddr: namesrv.addr,
        storeDir: join(storeDir, brokerName),
        properties: { ...SMALL_FILES, ...EMBEDDED, ...options.properties, ...metricsPort(options.properties, index) },
        portHint: 'choose another with --broker-port (0 takes a free one)',
        ...(advertise !== undefined && { advertise }),
        ...(options.faultsOf && { faults: options.faultsOf(brokerName) }),
      });
      await slot.start();
      started.push(slot);
      slots.push(slot);
    }
    options.signal?.throwIfAborted();
    const namesrvAddr = advertise === undefined ? namesrv.addr : `${bracketed(advertise)}:${namesrv.port}`;
    const slotOf = (brokerName: string): BrokerSlot => {
      const slot = slots.find((each) => each.broker.brokerName === brokerName);
      if (slot === undefined) throw new MQError('NOT_FOUND', `there is no broker ${brokerName}`);
      return slot;
    };
    return {
      namesrvAddr,
      namesrv,
      brokers: slots.map((slot) => slot.broker),
      storeDir,
      shutdown,
      kill: async (brokerName) => slotOf(brokerName).kill(),
      restart: async (brokerName) => slotOf(brokerName).restart(),
    };
  } catch (error) {
    await shutdown();
    throw error;
  }
}

/** A client speaks TLS to all servers or to none, so the name server gets the brokers' settings. */
function tlsProperties(properties: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => isTlsProperty(name)));
}

/** Brokers of one process cannot share a port of metrics: each takes the next one. */
function metricsPort(properties: Readonly<Record<string, string>> = {}, index: number): Record<string, string> {
  const { metricsExporterType, metricsPromExporterPort = '5557' } = properties;
  if (metricsExporterType?.toUpperCase() !== 'PROM' || !/^[1-9]\d*$/.test(metricsPromExporterPort)) return {};
  return { metricsPromExporterPort: String(Number(metricsPromExporterPort) + index) };
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function pickSurroundings(options: StartUpOptions): ServerSurroundings {
  const { clock, env, home, logger, random } = options;
  return { clock, env, home, logger, random };
}
