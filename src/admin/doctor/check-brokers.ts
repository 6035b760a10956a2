import { counted, formatBytes, formatDuration, formatRatio } from '../../base/units.js';
import { isReadable, isWriteable, permText } from '../../protocol/topic-config.js';
import { someLines } from '../explain/finding.js';
import { type Check, check, groupBy } from './check.js';
import { type BrokerLook, brokerText, type ClusterLook } from './look.js';

const LOOPBACK = /^(?:127\.|localhost:|\[?::1\]?:)/;
/** Clocks may differ by what the answer tells (whole seconds) and the way takes; beyond, time stamps are off. */
const SKEW_MS = 5000;
const BAD_SKEW_MS = 30_000;
/** Above it an Apache broker refuses to store (rocketmq.broker.diskSpaceWarningLevelRatio). */
const DISK_FULL = 0.9;
/** Above it an Apache broker deletes before the time is over (diskMaxUsedSpaceRatio). */
const DISK_MAX_USED = 0.75;
const BEHIND_BYTES = 256 * 1024 * 1024;

const numberOf = (table: Readonly<Record<string, string>> | null, key: string): number | null => {
  const text = table?.[key]?.trim();
  const value = Number(text);
  return text === undefined || text === '' || Number.isNaN(value) ? null : value;
};

/** Are the addresses that clients are given reachable, and one broker's each? */
export function checkAddresses({ nameServers, brokers }: ClusterLook): Check[] {
  const area = 'addresses';
  const checks: Check[] = [];
  const dead = brokers.filter(({ failure }) => failure?.kind === 'unreachable');
  if (dead.length > 0) {
    checks.push(
      check(
        area,
        'problem',
        `${counted(dead.length, 'advertised address', 'advertised addresses')} of ${brokers.length} cannot be reached from here`,
        someLines(dead.map((broker) => `${brokerText(broker)}: ${broker.failure?.message}`)),
        [
          {
            command: `MQADMIN_ADDRESS_MAP=${dead[0]?.addr}=HOST:PORT mqadmin cluster list`,
            why: 'try another way; brokerIP1 and listenPort in its broker.conf say what it advertises',
          },
        ],
      ),
    );
  }
  const isHere = nameServers.some(({ addr }) => LOOPBACK.test(addr));
  const loopback = brokers.filter(({ addr }) => LOOPBACK.test(addr));
  if (!isHere && loopback.length > 0) {
    const lines = loopback.map((broker) => `${brokerText(broker)}: set brokerIP1 to an address that clients reach`);
    checks.push(check(area, 'problem', `${counted(loopback.length, 'broker')} advertises a loopback address`, lines));
  }
  const byAddr = groupBy(brokers, ({ addr }) => addr);
  const shared = [...byAddr].filter(([, all]) => all.length > 1);
  if (shared.length > 0) {
    const lines = shared.map(([addr, all]) => `${addr}: ${all.map(({ brokerName }) => brokerName).join(', ')}`);
    checks.push(check(area, 'problem', 'brokers advertise the same address', lines));
  }
  const answering = brokers.filter(({ failure }) => failure !== null && failure.kind !== 'unreachable');
  if (answering.length > 0) {
    const lines = answering.map((broker) => `${brokerText(broker)}: ${broker.failure?.message}`);
    checks.push(check(area, 'unknown', `${counted(answering.length, 'broker')} did not say how it does`, lines));
  }
  if (checks.length === 0)
    checks.push(check(area, 'ok', `all ${counted(brokers.length, 'address', 'addresses')} answer`));
  return checks;
}

/** Do the brokers' clocks go as ours? Told by when they started and for how long they have been running. */
export function checkClocks({ brokers }: ClusterLook): Check[] {
  const area = 'clocks';
  const skews = brokers.flatMap((broker) => {
    const boot = numberOf(broker.runtime, 'bootTimestamp');
    const running = runningMs(broker.runtime?.runtime ?? '');
    // Whole seconds are cut off: on average half a second is missing.
    return boot === null || running === null ? [] : [{ broker, skewMs: boot + running + 500 - broker.askedAt }];
  });
  if (skews.length === 0) return [check(area, 'unknown', 'no broker tells its time')];
  const off = skews.filter(({ skewMs }) => Math.abs(skewMs) > SKEW_MS);
  if (off.length === 0)
    return [check(area, 'ok', `the clocks of ${counted(skews.length, 'broker')} go as the one here`)];
  const isBad = off.some(({ skewMs }) => Math.abs(skewMs) > BAD_SKEW_MS);
  const lines = off.map(
    ({ broker, skewMs }) =>
      `${brokerText(broker)}: ${formatDuration(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead' : 'behind'}`,
  );
  const title = `the clock of ${counted(off.length, 'broker')} is off: store times, delays and offsets by time are wrong`;
  return [check(area, isBad ? 'problem' : 'warning', title, lines)];
}

/** `[ 0 days, 1 hours, 2 minutes, 3 seconds ]` in ms; null for anything else. */
export function runningMs(text: string): number | null {
  const match = /(\d+) days?, (\d+) hours?, (\d+) minutes?, (\d+) seconds?/.exec(text);
  if (match === null) return null;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number);
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

/** Do all brokers run the same version? */
export function checkVersions({ brokers }: ClusterLook): Check[] {
  const area = 'versions';
  const known = brokers.filter(({ runtime }) => runtime?.brokerVersionDesc !== undefined);
  if (known.length === 0) return [check(area, 'unknown', 'no broker tells its version')];
  const byVersion = groupBy(known, ({ runtime }) => runtime?.brokerVersionDesc ?? '');
  if (byVersion.size === 1) return [check(area, 'ok', `all brokers run ${[...byVersion.keys()][0]}`)];
  const lines = [...byVersion].map(([version, all]) => `${version}: ${all.map(brokerText).join(', ')}`);
  const majors = new Set([...byVersion.keys()].map((version) => version.split('_')[0]));
  return [check(area, majors.size > 1 ? 'warning' : 'note', `brokers run ${byVersion.size} versions`, lines)];
}

/** Is there room? */
export function checkDisks({ brokers }: ClusterLook): Check[] {
  const area = 'disk';
  const used = brokers.flatMap((broker) =>
    Object.keys(broker.runtime ?? {})
      .filter((key) => /^(?:commitLog|consumeQueue)DiskRatio/.test(key))
      .flatMap((key) => {
        const ratio = numberOf(broker.runtime, key);
        return ratio === null || ratio < 0 ? [] : [{ broker, key, ratio }];
      }),
  );
  if (used.length === 0) return [check(area, 'unknown', 'no broker tells how full its disk is')];
  const limitOf = ({ config }: BrokerLook): number =>
    (numberOf(config, 'diskMaxUsedSpaceRatio') ?? 100 * DISK_MAX_USED) / 100;
  const lineOf = ({ broker, key, ratio }: (typeof used)[number]): string =>
    `${brokerText(broker)}: ${key} ${formatRatio(ratio)}`;
  const full = used.filter(({ ratio }) => ratio >= DISK_FULL);
  const filling = used.filter(({ broker, ratio }) => ratio < DISK_FULL && ratio >= limitOf(broker));
  const next = [
    {
      command: 'mqadmin broker delete-expired-commitlog -c CLUSTER',
      why: 'delete what is older than fileReservedTime now',
    },
  ];
  return [
    ...(full.length > 0
      ? [check(area, 'problem', 'a disk is so full that brokers refuse messages (code 14)', full.map(lineOf), next)]
      : []),
    ...(filling.length > 0
      ? [
          check(
            area,
            'warning',
            'a disk is so full that messages are deleted before their time',
            filling.map(lineOf),
            next,
          ),
        ]
      : []),
    ...(full.length + filling.length === 0
      ? [check(area, 'ok', `the fullest disk is used to ${formatRatio(Math.max(...used.map(({ ratio }) => ratio)))}`)]
      : []),
  ];
}

/** May brokers be read and written, and do they keep up? */
export function checkService({ brokers }: ClusterLook): Check[] {
  const permission = brokers.flatMap((broker): Check[] => {
    const perm = numberOf(broker.config, 'brokerPermission');
    if (perm === null || (isReadable(perm) && isWriteable(perm))) return [];
    return [
      check(
        'permission',
        isReadable(perm) ? 'warning' : 'problem',
        `${brokerText(broker)} may not be ${isReadable(perm) ? 'written' : isWriteable(perm) ? 'read' : 'read or written'}`,
        [`brokerPermission=${perm} (${permText(perm)})`],
        [
          {
            command: `mqadmin broker update-config -b ${broker.addr} --set brokerPermission=6`,
            why: 'let it serve again',
          },
        ],
      ),
    ];
  });
  const refused = brokers.filter(
    ({ configFailure, failure }) => configFailure?.kind === 'not-permitted' || failure?.kind === 'not-permitted',
  );
  if (refused.length > 0) {
    permission.push(
      check(
        'permission',
        'unknown',
        `${counted(refused.length, 'broker')} refused to tell its settings`,
        refused.map((broker) => `${brokerText(broker)}: ${(broker.configFailure ?? broker.failure)?.message}`),
        [{ command: 'mqadmin doctor --access-key KEY --secret-key-file FILE', why: 'ask as somebody who may' }],
      ),
    );
  }
  const told = brokers.filter(({ config }) => config !== null);
  if (permission.length === 0) {
    permission.push(
      told.length === 0
        ? check('permission', 'unknown', 'no broker tells its permission')
        : check('permission', 'ok', `${counted(told.length, 'broker')} may be read and written`),
    );
  }
  return [...permission, ...checkLoad(brokers)];
}

/** Waits beyond which brokers refuse: waitTimeMillsInSendQueue and osPageCacheBusyTimeOutMills. */
export function checkLoad(brokers: readonly BrokerLook[]): Check[] {
  const slow = brokers.flatMap((broker) => {
    const lines: string[] = [];
    const over = (key: string, limitKey: string, fallback: number): void => {
      const value = numberOf(broker.runtime, key);
      const limit = numberOf(broker.config, limitKey) ?? fallback;
      if (value !== null && value > limit)
        lines.push(`${brokerText(broker)}: ${key} ${value}, refused above ${limit} (${limitKey})`);
    };
    over('sendThreadPoolQueueHeadWaitTimeMills', 'waitTimeMillsInSendQueue', 200);
    over('pullThreadPoolQueueHeadWaitTimeMills', 'waitTimeMillsInPullQueue', 5000);
    over('pageCacheLockTimeMills', 'osPageCacheBusyTimeOutMills', 1000);
    const behind = numberOf(broker.runtime, 'dispatchBehindBytes') ?? 0;
    if (behind > BEHIND_BYTES)
      lines.push(`${brokerText(broker)}: ${formatBytes(behind)} stored but not yet visible to consumers`);
    return lines;
  });
  if (slow.length > 0) return [check('load', 'problem', 'brokers do not keep up', slow)];
  const told = brokers.filter(({ runtime }) => runtime !== null).length;
  return told === 0
    ? []
    : [check('load', 'ok', told === 1 ? 'the broker keeps up' : `${counted(told, 'broker')} keep up`)];
}
