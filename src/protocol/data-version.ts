import { bean, int64, type JsonOf } from './bodies/schema.js';

/** Codec of DataVersion. */
export const dataVersionType = bean('DataVersion', {
  /** Grows by one with every change. */
  counter: int64(),
  /** Time of the change, ms since the epoch. */
  timestamp: int64(),
  /** Epoch of the controller's master election; 0 without a controller, absent in 4.9. */
  stateVersion: int64(),
});

/**
 * Version stamp of a config table. Peers keep and echo it exactly: any difference means "send it again".
 *
 * Source: remoting/.../protocol/DataVersion.java
 */
export interface DataVersion extends JsonOf<typeof dataVersionType> {}

/** The version of a table that has not changed yet. @param now ms since the epoch */
export function newDataVersion(now: number): DataVersion {
  return { counter: 0, timestamp: now, stateVersion: 0 };
}

/** The version after one more change. @param now ms since the epoch */
export function nextDataVersion(version: DataVersion, now: number): DataVersion {
  return { counter: version.counter + 1, timestamp: now, stateVersion: version.stateVersion };
}

/** Equality over all three fields, as in Java. */
export function sameDataVersion(a: DataVersion, b: DataVersion): boolean {
  return a.counter === b.counter && a.timestamp === b.timestamp && a.stateVersion === b.stateVersion;
}
