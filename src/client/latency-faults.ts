/**
 * Brokers that were slow or failed, which sends pass over for a while.
 *
 * Source: client/latency/MQFaultStrategy.java, LatencyFaultToleranceImpl.java
 */
import type { Clock, Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import type { Logger } from '../base/logger.js';

/** A send that took at least so long, ms, has its broker passed over for so long, ms; the longest first. */
const PENALTIES: ReadonlyArray<readonly [latencyMs: number, unavailableMs: number]> = [
  [15_000, 30_000],
  [5000, 10_000],
  [3000, 6000],
  [1800, 5000],
  [550, 2000],
];
/** A failure counts as a send that took so long. */
const FAILURE_LATENCY_MS = 10_000;
const ROUND_MS = 3000;

/** Names are Apache's; times are ms. Source: client/ClientConfig.java, DefaultMQProducer.java */
export interface LatencyFaultOptions {
  /** Sends pass over brokers that were slow or failed; false. */
  sendLatencyFaultEnable?: boolean;
  /** Brokers that could not be reached are probed, and passed over until they answer; false. */
  startDetectorEnable?: boolean;
  /** Pause between probes of a broker; 2,000. */
  detectInterval?: number;
  /** Deadline of a probe; 200. */
  detectTimeout?: number;
}

interface Deps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** One probe. @returns null when the broker is not known any more */
  detect(brokerName: string, timeoutMs: number): Promise<boolean | null>;
}

interface Fault {
  /** Monotonic ms. */
  availableAtMs: number;
  isReachable: boolean;
  /** No probe before this; monotonic ms. */
  nextCheckMs: number;
}

export class LatencyFaults {
  readonly #options: LatencyFaultOptions;
  readonly #deps: Deps;
  readonly #faults = new Map<string, Fault>();
  #timer: Timer | null = null;

  constructor(options: LatencyFaultOptions, deps: Deps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Begins to probe, when it is asked for. */
  start(): void {
    if (!this.#options.startDetectorEnable) return;
    this.#timer = this.#deps.clock.every(ROUND_MS, () => {
      this.#detect().catch((error: unknown) => this.#deps.logger.warn({ cause: errorText(error) }, 'probe failed'));
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Whether sends may be passed over brokers at all. */
  get isEnabled(): boolean {
    return this.#options.sendLatencyFaultEnable ?? false;
  }

  isAvailable(brokerName: string): boolean {
    return this.#deps.clock.monotonicMs() >= (this.#faults.get(brokerName)?.availableAtMs ?? Number.NEGATIVE_INFINITY);
  }

  isReachable(brokerName: string): boolean {
    return this.#faults.get(brokerName)?.isReachable ?? true;
  }

  /** A send was answered, or failed for a reason that is not the broker's. */
  answered(brokerName: string, latencyMs: number): void {
    this.#update(brokerName, latencyMs, true);
  }

  /** The broker could not be reached, or did not answer. */
  unreached(brokerName: string): void {
    this.#update(brokerName, FAILURE_LATENCY_MS, !this.#options.startDetectorEnable);
  }

  /** The broker refused. */
  refused(brokerName: string): void {
    this.#update(brokerName, FAILURE_LATENCY_MS, false);
  }

  #update(brokerName: string, latencyMs: number, isReachable: boolean): void {
    if (!this.isEnabled) return;
    const unavailableMs = PENALTIES.find(([fromMs]) => latencyMs >= fromMs)?.[1] ?? 0;
    const known = this.#faults.get(brokerName);
    const availableAtMs = unavailableMs === 0 ? 0 : this.#deps.clock.monotonicMs() + unavailableMs;
    this.#faults.set(brokerName, {
      availableAtMs: Math.max(availableAtMs, known?.availableAtMs ?? 0),
      isReachable,
      nextCheckMs: known?.nextCheckMs ?? 0,
    });
  }

  async #detect(): Promise<void> {
    const { clock, logger, detect } = this.#deps;
    for (const [brokerName, fault] of [...this.#faults]) {
      if (clock.monotonicMs() < fault.nextCheckMs) continue;
      fault.nextCheckMs = clock.monotonicMs() + (this.#options.detectInterval ?? 2000);
      const answers = await detect(brokerName, this.#options.detectTimeout ?? 200);
      if (answers === null) this.#faults.delete(brokerName);
      const latest = this.#faults.get(brokerName);
      if (answers !== true || latest === undefined || latest.isReachable) continue;
      latest.isReachable = true;
      logger.info({ brokerName }, 'the broker can be reached again');
    }
  }
}
