/** Texts that Apache puts into remarks and bodies, letter for letter: scripts and clients look for them. */

/** The hint at the end of many remarks. (common/help/FAQUrl.java) */
export const FAQ = '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.';

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function localParts(ms: number): { date: string; time: string; millis: string } {
  const at = new Date(ms);
  return {
    date: `${padded(at.getFullYear(), 4)}-${padded(at.getMonth() + 1, 2)}-${padded(at.getDate(), 2)}`,
    time: `${padded(at.getHours(), 2)}:${padded(at.getMinutes(), 2)}:${padded(at.getSeconds(), 2)}`,
    millis: padded(at.getMilliseconds(), 3),
  };
}

/** `yyyy-MM-dd HH:mm:ss,SSS` in local time. (common/UtilAll.java#timeMillisToHumanString2) */
export function dateTimeText(ms: number): string {
  const { date, time, millis } = localParts(ms);
  return `${date} ${time},${millis}`;
}

/** `yyyy-MM-dd#HH:mm:ss:SSS` in local time. (common/UtilAll.java#formatDate with YYYY_MM_DD_HH_MM_SS_SSS) */
export function hashDateTimeText(ms: number): string {
  const { date, time, millis } = localParts(ms);
  return `${date}#${time}:${millis}`;
}

/** `1.5 GiB`, `0 B`. (common/MixAll.java#humanReadableByteCount) */
export function byteCountText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const exponent = Math.floor(Math.log(bytes) / Math.log(1024));
  return `${(bytes / 1024 ** exponent).toFixed(1)} ${'KMGTPE'.charAt(exponent - 1)}iB`;
}

/** `[ 0 days, 1 hours, 2 minutes, 3 seconds ]`. (store/StoreStatsService.java#getFormatRuntime) */
export function runtimeText(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000);
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return `[ ${days} days, ${hours} hours, ${minutes} minutes, ${seconds % 60} seconds ]`;
}

/** A floating-point number as Java prints it: `0.0`, `12.5`. */
export function doubleText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Answers a subscription that is not by tags while `enablePropertyFilter` is off. */
export function unsupportedFilter(expressionType: string): string {
  return `The broker does not support consumer to filter message by ${expressionType}`;
}
