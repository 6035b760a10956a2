import test from 'ava';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { startTestBroker } from '../helper/broker.js';
import { ManualClock } from '../helper/manual-clock.js';

test('a group that pulls too far behind the end of the log may not consume any more', async (t) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const limits = { disableConsumeIfConsumerReadSlowly: true, consumerFallbehindThreshold: 5000 };
  const { peer } = await startTestBroker(t, limits, { clock });
  await peer.createTopic('T', 1);
  for (let n = 0; n < 10; n++) await peer.send('T', Buffer.alloc(1000), { header: { e: 0 } });
  const groups = ['slow', 'fast', 'offline'];
  for (const group of groups.slice(0, 2)) await peer.heartbeat(group, { T: '*' });
  const pull = (group: string, offset: number) => peer.pull('T', { group, offset, maxMsgNums: 1 });
  await pull('slow', 2);
  await pull('offline', 2);
  await pull('fast', 7);
  // Clients say that they live while the time goes by.
  for (let minute = 0; minute < 3; minute++) {
    await clock.advanceAsync(60_000);
    for (const group of groups.slice(0, 2)) await peer.heartbeat(group, { T: '*' });
  }
  const answers = await Promise.all(groups.map((group) => pull(group, 3)));
  t.deepEqual(
    answers.map(({ code }) => code),
    [ResponseCode.NO_PERMISSION, ResponseCode.SUCCESS, ResponseCode.SUCCESS],
  );
  t.is(answers[0]?.remark, 'subscription group no permission, slow');
});
