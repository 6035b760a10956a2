import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import { systemClock } from '../../src/base/clock.js';
import { MessageFormatError } from '../../src/protocol/errors.js';
import { addressBytes } from '../../src/protocol/host-address.js';
import {
  createUniqIdGenerator,
  decodeOffsetMsgId,
  encodeOffsetMsgId,
  encodeOffsetMsgIds,
  isUniqId,
  parseUniqId,
  uniqIdTime,
} from '../../src/protocol/message-id.js';
import { type GoldenCase, goldenCases, goldenInt64, goldenTitle } from '../helper/golden.js';

interface IdCase extends GoldenCase {
  input: { host?: string; port?: number; offset?: string; text?: string };
  text?: string;
  decoded?: {
    host?: string;
    port?: number;
    offset?: string;
    ipHex?: string;
    pid?: number;
    classLoaderHash?: number;
    millisSinceMonthStart?: number;
    counter?: number;
  };
  error?: boolean;
}

for (const golden of goldenCases<IdCase>('message-id')) {
  test(`golden ${goldenTitle(golden)}`, (t) => {
    const { host, port, offset, text } = golden.input;
    const { decoded } = golden;
    if (golden.error) {
      t.throws(() => decodeOffsetMsgId(text ?? ''), { instanceOf: MessageFormatError });
      return;
    }
    if (decoded?.ipHex !== undefined) {
      const parts = parseUniqId(text ?? '');
      t.is(Buffer.from(addressBytes(parts?.ip ?? '')).toString('hex'), decoded.ipHex);
      t.is(parts?.pid, decoded.pid);
      t.is(parts?.classLoaderHash, decoded.classLoaderHash);
      t.is((parts?.spanMs ?? 0) | 0, decoded.millisSinceMonthStart ?? 0);
      t.is(parts?.counter, decoded.counter);
      return;
    }
    const id = golden.text ?? text ?? '';
    if (offset !== undefined)
      t.is(encodeOffsetMsgId({ address: host ?? '', port: port ?? 0 }, goldenInt64(offset)), id);
    const read = decodeOffsetMsgId(id);
    t.deepEqual(addressBytes(read.host.address), addressBytes(decoded?.host ?? ''));
    t.is(read.host.port, decoded?.port ?? -1);
    t.is(read.physicalOffset, goldenInt64(decoded?.offset ?? ''));
  });
}

test('offset ids read back as they were written', (t) => {
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(65_535), fc.maxSafeNat(), (address, port, offset) => {
      if (offset < Number.MAX_SAFE_INTEGER) {
        const both = `${encodeOffsetMsgId({ address, port }, 0)},${encodeOffsetMsgId({ address, port }, offset)}`;
        t.is(encodeOffsetMsgIds({ address, port }, [0, offset]), both);
      }
      t.deepEqual(decodeOffsetMsgId(encodeOffsetMsgId({ address, port }, offset)), {
        host: { address, port },
        physicalOffset: offset,
      });
    }),
  );
});

test('a unique id is refused as an offset id when its port would be impossible', (t) => {
  t.throws(() => decodeOffsetMsgId('0A0102030A1B18B4AAC20B0D8E4A0000'), {
    instanceOf: MessageFormatError,
    message: /it would have port/,
  });
});

/** A clock that tests set. */
function handClock(start: number) {
  const state = { ms: start };
  return { state, clock: { ...systemClock, now: () => state.ms } };
}

const local = (...parts: [number, number, number?, number?, number?, number?, number?]) => new Date(...parts).getTime();

test('a generator counts up in one ms and its ids tell the time', (t) => {
  const now = local(2026, 4, 17, 13, 45, 12, 345);
  const { state, clock } = handClock(now);
  const create = createUniqIdGenerator({ ip: '192.0.2.2', pid: 0x17481, clock, random: { next: () => 0.5 } });
  const first = create();
  const second = create();
  t.true(isUniqId(first));
  t.is(first.slice(0, 20), 'C0000202748180000000');
  t.deepEqual(parseUniqId(first), {
    ip: '192.0.2.2',
    pid: 0x7481,
    classLoaderHash: -0x80000000,
    spanMs: now - local(2026, 4, 1),
    counter: 0,
  });
  t.is(parseUniqId(second)?.counter, 1);
  t.is(uniqIdTime(first, now + 1), now);
  state.ms = now + 10;
  t.is(uniqIdTime(create(), now + 11), now + 10);
});

test('the counter wraps after 65,536 ids', (t) => {
  const { clock } = handClock(local(2026, 4, 17));
  const create = createUniqIdGenerator({ ip: '::1', pid: 1, clock, random: { next: () => 0 } });
  const first = create();
  for (let i = 1; i < 65_536; i++) create();
  t.is(first.length, 56);
  t.is(create(), first);
});

test('a generator follows the month', (t) => {
  const { state, clock } = handClock(local(2026, 0, 31, 23, 59, 59, 999));
  const create = createUniqIdGenerator({ ip: '10.0.0.1', pid: 1, clock, random: { next: () => 0 } });
  t.is(parseUniqId(create())?.spanMs, local(2026, 1, 1) - 1 - local(2026, 0, 1));
  state.ms += 1;
  t.is(parseUniqId(create())?.spanMs, 0);
  state.ms = local(2026, 2, 5);
  t.is(parseUniqId(create())?.spanMs, local(2026, 2, 5) - local(2026, 2, 1));
});

test('a clock that steps back a little over the month border gives span 0, one that jumps back its month', (t) => {
  const { state, clock } = handClock(local(2026, 1, 1));
  const create = createUniqIdGenerator({ ip: '10.0.0.1', pid: 1, clock, random: { next: () => 0 } });
  create();
  state.ms = local(2026, 1, 1) - 1000;
  t.is(parseUniqId(create())?.spanMs, 0);
  state.ms = local(2026, 0, 10);
  t.is(parseUniqId(create())?.spanMs, local(2026, 0, 10) - local(2026, 0, 1));
});

test('a span that is not in the past belongs to the previous month, also over the new year', (t) => {
  const { clock } = handClock(local(2025, 11, 31, 12));
  const id = createUniqIdGenerator({ ip: '10.0.0.1', pid: 1, clock, random: { next: () => 0 } })();
  t.is(uniqIdTime(id, local(2026, 0, 2)), local(2025, 11, 31, 12));
  // Exactly now counts as not in the past, as in Java.
  t.is(uniqIdTime(id, local(2025, 11, 31, 12)), local(2025, 10, 1) + (local(2025, 11, 31, 12) - local(2025, 11, 1)));
});

for (const bad of ['', 'xyz', '0A0102030A1B18B4AAC20B0D8E4A000', '0A0102030A1B18B4AAC20B0D8E4A000G']) {
  test(`${JSON.stringify(bad)} has no time`, (t) => {
    t.false(isUniqId(bad));
    t.is(parseUniqId(bad), null);
    t.is(uniqIdTime(bad, local(2026, 0, 1)), null);
  });
}

for (const [zone, spanMs] of [
  ['UTC', 0],
  ['Asia/Shanghai', 8 * 3_600_000],
  // 1 June 00:00 UTC is 31 May 20:00 there.
  ['America/New_York', 31 * 86_400_000 - 4 * 3_600_000],
] as const) {
  test(`the span counts from the month start in the time zone ${zone}`, async (t) => {
    const script = `
      import { createUniqIdGenerator, parseUniqId, uniqIdTime } from './src/protocol/message-id.ts';
      const now = Date.UTC(2026, 5, 1);
      const clock = { now: () => now };
      const id = createUniqIdGenerator({ ip: '10.0.0.1', pid: 1, clock, random: { next: () => 0 } })();
      console.log(parseUniqId(id).spanMs, uniqIdTime(id, now + 1) - now);
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import=tsx', '--input-type=module', '--eval', script],
      { cwd: fileURLToPath(new URL('../..', import.meta.url)), env: { ...process.env, TZ: zone } },
    );
    t.is(stdout.trim(), `${spanMs} 0`);
  });
}
