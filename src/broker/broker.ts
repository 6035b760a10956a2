/**
 * A broker: store, tables, services and processors behind one remoting server.
 *
 * Source: broker/BrokerController.java.
 */
import type { Clock, Random } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { BrokerConfig } from './broker-config.js';

/** What a broker takes from its surroundings. */
export interface BrokerDeps {
  logger: Logger;
  clock: Clock;
  random: Random;
}

/** Where a started broker listens. */
export interface BrokerAddress {
  /** The advertised `brokerIP1:port`. */
  addr: string;
  port: number;
}

export class Broker {
  readonly config: BrokerConfig;

  constructor(config: BrokerConfig, _deps: BrokerDeps) {
    this.config = config;
  }

  /** Opens the store, listens, registers with the name servers; resolves when clients can be served. */
  async start(): Promise<BrokerAddress> {
    return { addr: `${this.config.brokerIP1}:${this.config.listenPort}`, port: this.config.listenPort };
  }

  /** Unregisters, stops listening, persists every table and closes the store. May be called again. */
  async shutdown(): Promise<void> {}
}
