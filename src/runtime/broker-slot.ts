import { cpSync, readdirSync, renameSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MQError } from '../base/errors.js';
import type { Stoppable } from './running.js';
import { type RunningBroker, type StartBrokerOptions, startBroker } from './start-broker.js';

/** A broker of a cluster in this process, which can be killed and started again. */
export class BrokerSlot implements Stoppable {
  readonly #options: StartBrokerOptions;
  #broker: RunningBroker | null = null;
  #isRunning = false;
  /** The last change: they come one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: StartBrokerOptions) {
    this.#options = options;
  }

  /** As it was started last. @throws MQError NOT_FOUND before the first start */
  get broker(): RunningBroker {
    if (this.#broker === null) throw new MQError('NOT_FOUND', 'the broker has not been started');
    return this.#broker;
  }

  /** @throws as startBroker */
  async start(): Promise<void> {
    // The port of the first start is that of the next ones: clients come back to it.
    const port = this.#broker?.port;
    this.#broker = await startBroker({ ...this.#options, ...(port !== undefined && { port }) });
    this.#isRunning = true;
  }

  /** @throws MQError NOT_FOUND when it does not run */
  kill(): Promise<void> {
    return this.#next(async () => {
      const { broker } = this;
      if (!this.#isRunning) throw new MQError('NOT_FOUND', `${broker.brokerName} does not run`);
      this.#isRunning = false;
      // What a process leaves that dies now: the files as they are, taken before the shutdown writes anything.
      const left = `${broker.storeDir}.killed`;
      broker.cut();
      cpSync(broker.storeDir, left, { recursive: true });
      disownStore(left);
      await broker.shutdown();
      await rm(broker.storeDir, { recursive: true, force: true });
      await rename(left, broker.storeDir);
    });
  }

  /** @throws MQError USAGE when it runs; as startBroker */
  restart(): Promise<void> {
    return this.#next(async () => {
      if (this.#isRunning) throw new MQError('USAGE', `${this.broker.brokerName} runs already`);
      await this.start();
    });
  }

  shutdown(): Promise<void> {
    return this.#next(async () => {
      if (!this.#isRunning) return;
      this.#isRunning = false;
      await this.#broker?.shutdown();
    });
  }

  #next(work: () => Promise<void>): Promise<void> {
    const next = this.#last.then(work);
    this.#last = next.catch(() => undefined);
    return next;
  }
}

/** Makes the claim on a copied store one of a process that is gone, see `store-lock.ts`. */
function disownStore(folder: string): void {
  for (const name of readdirSync(folder)) {
    const match = /^mqadmin-(\d+)-[0-9a-f]+-(.+\.lock)$/.exec(name);
    if (match) renameSync(join(folder, name), join(folder, `mqadmin-${match[1]}-dead-${match[2]}`));
  }
}
