import { defineCommand } from '../cli/command.js';
import { flag } from '../cli/flags.js';

/** Without a terminal nobody presses q. */
const UNATTENDED_MS = 10_000;

export default defineCommand({
  summary: 'show an embedded cluster at work: a demo workload, watched live',
  description: [
    'Starts a name server and a broker in this process, with free ports and a temporary folder, creates topics, and',
    'runs a small shop against it: producers of orders and payments, and three consumer groups. One keeps up, one is',
    'too slow, one is stuck. On a terminal the lag is shown live until q or Ctrl-C; otherwise samples are printed for',
    'a while, then a summary and what to try next. Everything is gone afterwards.',
  ].join('\n'),
  examples: [
    { description: 'watch it until q', command: 'mqadmin demo' },
    { description: 'three seconds of samples for a script', command: 'mqadmin demo --json --duration 3s' },
  ],
  flags: {
    duration: flag.duration({
      description: 'how long to run; until q on a terminal, 10s elsewhere',
      helpValue: '<time>',
    }),
    interval: flag.duration({ description: 'time between samples', helpValue: '<time>', default: 1000 }),
    json: flag.boolean({ description: 'print samples as NDJSON, also on a terminal' }),
    ascii: flag.boolean({ description: 'draw with plain ASCII characters' }),
  },
  isLocal: true,
  async run({ flags, io, note }) {
    const { clock, random, signal, stdout } = io;
    const isLive = !flags.json && stdout.isTTY && io.stdin.isTTY;
    const [{ startDemo }, { demoSummary }, { openSession }, { watchCluster }] = await Promise.all([
      import('../runtime/demo.js'),
      import('../cli/demo-summary.js'),
      import('../admin/session.js'),
      import('../console/watch.js'),
    ]);
    if (isLive) await note('starting a name server and a broker …');
    const startedMs = clock.monotonicMs();
    const demo = await startDemo({ clock, random, signal });
    const startMs = Math.round(clock.monotonicMs() - startedMs);
    try {
      const session = await openSession({
        namesrvAddrs: [demo.namesrvAddr],
        timeoutMs: 3000,
        clock,
        random,
      });
      try {
        await watchCluster({
          session,
          scope: demo,
          title: `demo at ${demo.namesrvAddr}`,
          mode: isLive ? 'live' : flags.json ? 'ndjson' : 'text',
          intervalMs: Math.max(100, flags.interval),
          durationMs: flags.duration ?? (isLive ? null : UNATTENDED_MS),
          ascii: flags.ascii || io.env.TERM === 'linux',
          columns: stdout.columns ?? 80,
          write: (text) => stdout.write(text),
          signal,
          // The demo's consumers commit twice a second, so that a standstill shows sooner than elsewhere.
          history: { rateWindowMs: 4000, stuckAfterMs: 4000 },
        });
      } finally {
        await session.close();
      }
    } finally {
      await demo.shutdown();
    }
    const summary = demoSummary({ ...demo, startMs });
    if (flags.json) await note(summary);
    else await stdout.write(`${summary}\n`);
    return undefined;
  },
});
