import test from 'ava';
import { confirmPlan, DeclinedError } from '../../src/cli/confirm.js';
import { defaultSettings } from '../../src/cli/settings.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { fakeIo } from '../helper/cli.js';

const PLAN = { what: 'delete topic orders', details: '  broker-a: 4 queues' };
const ASK = { yes: false, noInput: false };

test('the plan is shown and a yes on the terminal is enough', async (t) => {
  const io = fakeIo({ isTTY: true, answers: ['y'] });
  await confirmPlan(PLAN, ASK, io, defaultSettings());
  t.deepEqual(io.err, ['  broker-a: 4 queues\n']);
  t.deepEqual(io.asked, ['delete topic orders? [y/N] ']);
});

for (const answer of ['', 'n', 'nope', 'yess']) {
  test(`"${answer}" is no yes`, async (t) => {
    const io = fakeIo({ isTTY: true, answers: [answer] });
    await t.throwsAsync(confirmPlan(PLAN, ASK, io, defaultSettings()), { instanceOf: DeclinedError });
  });
}

test('the end of the input is no yes', async (t) => {
  await t.throwsAsync(confirmPlan(PLAN, ASK, fakeIo({ isTTY: true }), defaultSettings()), {
    instanceOf: DeclinedError,
  });
});

test('off a terminal, or with --no-input, --yes is named', async (t) => {
  const error = await t.throwsAsync(confirmPlan(PLAN, ASK, fakeIo(), defaultSettings()), { instanceOf: UsageError });
  t.regex((error as UsageError).hint ?? '', /--yes/);
  const io = fakeIo({ isTTY: true, answers: ['y'] });
  await t.throwsAsync(confirmPlan(PLAN, { yes: false, noInput: true }, io, defaultSettings()), {
    instanceOf: UsageError,
  });
  t.deepEqual(io.asked, []);
});

test('--yes shows the plan and asks nobody', async (t) => {
  const io = fakeIo();
  await confirmPlan(PLAN, { yes: true, noInput: false }, io, defaultSettings());
  t.deepEqual(io.err, ['  broker-a: 4 queues\n']);
});

test('a harmless write is asked about in a protected context only', async (t) => {
  const plan = { what: 'create topic orders', isHarmless: true };
  const io = fakeIo({ isTTY: true });
  await confirmPlan(plan, ASK, io, defaultSettings());
  t.deepEqual(io.asked, []);
  const settings = {
    ...defaultSettings(),
    protected: { value: true, origin: 'context prod' },
    context: { value: 'prod', origin: 'x' },
  };
  await t.throwsAsync(confirmPlan(plan, ASK, io, settings), { instanceOf: DeclinedError });
  t.deepEqual(io.asked, ['create topic orders (context prod is protected)? [y/N] ']);
});
