import type { Clock, Random } from '../base/clock.js';
import { MQError } from '../base/errors.js';
import { type Fault, type FaultKind, type FaultRequest, Faults } from '../broker/faults.js';

/** A fault with the broker that has it. Ids count broker by broker. */
export interface BrokerFault extends Fault {
  readonly brokerName: string;
}

/** Which faults are meant. */
export interface FaultSelection {
  readonly kind?: FaultKind;
  /** All brokers by default. */
  readonly brokerName?: string;
}

/** What goes wrong in a sandbox on purpose. */
export interface SandboxFaults {
  /**
   * Adds a fault to one broker, or to all.
   *
   * @throws MQError NOT_FOUND when there is no such broker, USAGE for a value out of its range
   */
  add(request: FaultRequest & { readonly brokerName?: string }): BrokerFault[];
  /** Those in force. */
  list(): BrokerFault[];
  /** Ends faults. @returns how many @throws MQError NOT_FOUND when there is no such broker */
  clear(selection?: FaultSelection): number;
}

/** The faults of the brokers of one sandbox. */
export class FaultTable implements SandboxFaults {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #brokers = new Map<string, Faults>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The table that a broker is given. */
  of(brokerName: string): Faults {
    const faults = this.#brokers.get(brokerName) ?? new Faults(this.#clock, this.#random);
    this.#brokers.set(brokerName, faults);
    return faults;
  }

  #chosen(brokerName: string | undefined): Array<readonly [string, Faults]> {
    if (brokerName === undefined) return [...this.#brokers];
    const faults = this.#brokers.get(brokerName);
    if (faults === undefined) throw new MQError('NOT_FOUND', `there is no broker ${brokerName}`);
    return [[brokerName, faults]];
  }

  add({ brokerName, ...request }: FaultRequest & { readonly brokerName?: string }): BrokerFault[] {
    return this.#chosen(brokerName).map(([name, faults]) => ({ brokerName: name, ...faults.add(request) }));
  }

  list(): BrokerFault[] {
    return this.#chosen(undefined).flatMap(([brokerName, faults]) =>
      faults.list().map((fault) => ({ brokerName, ...fault })),
    );
  }

  clear({ kind, brokerName }: FaultSelection = {}): number {
    return this.#chosen(brokerName).reduce((sum, [, faults]) => sum + faults.clear(kind), 0);
  }
}
