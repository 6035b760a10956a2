/**
 * Tools on a store folder, without a broker: what the commands `store …` do.
 */
import { type MessageDoc, messageDoc } from '../admin/message-doc.js';
import { systemClock } from '../base/clock.js';
import { MQError } from '../base/errors.js';
import { silentLogger } from '../base/logger.js';
import { brokerConfigFromProperties } from '../broker/broker-config.js';
import { nodeFileSystem } from '../broker/store/file-system.js';
import { type DumpRange, dumpStore, type LogPosition } from '../broker/store/offline/dump.js';
import type { StoreFault } from '../broker/store/offline/faults.js';
import { inspectStore, type StoredQueue, type StoreInspection } from '../broker/store/offline/inspect.js';
import { holdStore, repairStore } from '../broker/store/offline/repair.js';
import { planRepair, type RepairStep } from '../broker/store/offline/repair-plan.js';
import { readLayout, type StoreLayout, type StoreSettings } from '../broker/store/offline/store-layout.js';
import { type StoreReport, type VerifyOptions, verifyStore } from '../broker/store/offline/verify.js';
import { storeSettings } from '../broker/store-settings.js';
import { readPropertiesFile, withPropertiesFile } from './properties-file.js';

export type { LogPosition, RepairStep, StoredQueue, StoreFault, StoreInspection };

/** Which store. */
export interface StoreTarget {
  /** storePathRootDir; null takes it from the configuration file. */
  readonly folder: string | null;
  /** The broker's `.properties` file, for a log in several folders and for sizes that files do not tell. */
  readonly configFile: string | null;
}

/** Of long readings. */
export type ReadOptions = Pick<VerifyOptions, 'onProgress' | 'signal'>;

async function open(target: StoreTarget): Promise<StoreLayout> {
  return readLayout(nodeFileSystem, await settingsOf(target));
}

async function settingsOf({ folder, configFile }: StoreTarget): Promise<StoreSettings> {
  let settings: StoreSettings | null = folder === null ? null : { storePathRootDir: folder };
  if (configFile !== null) {
    const file = await readPropertiesFile(configFile);
    const values: Record<string, string> = { ...file.values };
    if (folder !== null) values.storePathRootDir = folder;
    settings = withPropertiesFile(file, () => {
      const config = brokerConfigFromProperties(values);
      const { mappedFileSizeTimerLog, timerPrecisionMs } = config;
      return { ...storeSettings(config), mappedFileSizeTimerLog, timerPrecisionMs };
    });
  }
  if (settings === null) throw new MQError('USAGE', 'no store named: give its folder, or --config-file');
  return settings;
}

/** What a store holds. @throws MQError NOT_FOUND if the folder is no store; the operating system's error */
export async function inspectFolder(target: StoreTarget): Promise<StoreInspection> {
  return inspectStore(await open(target));
}

export interface StoreVerification extends Omit<StoreReport, 'badQueues'> {
  readonly folder: string;
  readonly ownerPid: number | null;
  readonly isOwnerElsewhere: boolean;
}

function verificationOf(layout: StoreLayout, { badQueues: _, ...report }: StoreReport): StoreVerification {
  const { root, owner } = layout;
  return { folder: root, ownerPid: owner?.pid ?? null, isOwnerElsewhere: owner?.isElsewhere ?? false, ...report };
}

/** Holds all parts of a store against each other. @throws as `inspectFolder` */
export async function verifyFolder(target: StoreTarget, options: ReadOptions = {}): Promise<StoreVerification> {
  const layout = await open(target);
  return verificationOf(layout, await verifyStore(layout, options));
}

export const BODY_FORMS = ['auto', 'text', 'base64', 'hex', 'none'] as const;
/** `auto`: text if it is UTF-8, else base64. */
export type BodyForm = (typeof BODY_FORMS)[number];

/** A message of the log. */
export type DumpedMessage = Omit<MessageDoc, 'body' | 'bodyEncoding' | 'brokerName'> & {
  readonly body?: string;
  readonly bodyEncoding?: 'utf-8' | 'base64' | 'hex';
};

export interface DumpOptions extends DumpRange {
  readonly body: BodyForm;
  /** Told of places where no message can be read. */
  readonly onDamage: (text: string) => void;
}

/** Messages of the log in its order. @throws as `inspectFolder` */
export async function* dumpFolder(target: StoreTarget, options: DumpOptions): AsyncGenerator<DumpedMessage> {
  const layout = await open(target);
  const messages = dumpStore(layout, options, {
    onDamage: (path, from, to, detail) => options.onDamage(`${path}: no message from ${from} to ${to}: ${detail}`),
  });
  for await (const message of messages) {
    const { brokerName: _, body, bodyEncoding, ...doc } = messageDoc(message);
    switch (options.body) {
      case 'auto':
        yield { ...doc, body, bodyEncoding };
        break;
      case 'text':
        yield { ...doc, body: message.body.toString('utf8'), bodyEncoding: 'utf-8' };
        break;
      case 'base64':
      case 'hex':
        yield { ...doc, body: message.body.toString(options.body), bodyEncoding: options.body };
        break;
      case 'none':
        yield doc;
    }
  }
}

export interface StoreRepair {
  readonly before: StoreVerification;
  readonly steps: readonly RepairStep[];
  /** Faults that are left, and why. */
  readonly unmended: readonly string[];
  /** Where everything goes that is taken out of the store. */
  readonly sideFolder: string;
  /** Does it, once. @throws the operating system's error */
  apply(): Promise<StoreVerification>;
  /** Gives the folder back. */
  close(): void;
}

/**
 * Plans what `store repair` does. Unless it is a dry run the folder is held from here to `close`: nothing changes between
 * plan and repair.
 *
 * @throws MQError STORE_LOCKED if a broker has the folder, and as `inspectFolder`
 */
export async function openFolderRepair(
  target: StoreTarget,
  { cutAtDamage, isDryRun, ...reading }: ReadOptions & { cutAtDamage: boolean; isDryRun: boolean },
): Promise<StoreRepair> {
  const settings = await settingsOf(target);
  // A folder that is no store is not to get a lock.
  let layout = await readLayout(nodeFileSystem, settings);
  const held = isDryRun ? null : await holdStore(nodeFileSystem, settings.storePathRootDir, systemClock);
  try {
    if (held) layout = { ...(await readLayout(nodeFileSystem, settings)), owner: null };
    const signals = [reading.signal, held?.lost].filter((signal) => signal !== undefined);
    const options = { ...reading, cutAtDamage, signal: AbortSignal.any(signals) };
    const plan = await planRepair(layout, options, systemClock.now());
    const { before, steps, unmended, sideFolder } = plan;
    return {
      ...{ steps, unmended, sideFolder },
      before: verificationOf(layout, before),
      apply: async () => {
        const after = await repairStore(layout, plan, options, { clock: systemClock, logger: silentLogger });
        return verificationOf(layout, after);
      },
      close: () => held?.release(),
    };
  } catch (error) {
    held?.release();
    throw error;
  }
}
