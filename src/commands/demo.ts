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
  async run({ flags, io, isColor, note }) {
    const { clock, random, signal, stdout } = io;
    const isLive = !flags.json && stdout.isTTY && io.stdin.isTTY;
    const [{ startDemo }, { demoSummary }, { openSession }, { saveSnapshot, wantsAscii }, { parsePosition }] =
      await Promise.all([
        import('../runtime/demo.js'),
        import('../cli/demo-summary.js'),
        import('../admin/session.js'),
        import('../cli/console-settings.js'),
        import('../cli/time-syntax.js'),
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
        const shared = {
          clock,
          intervalMs: Math.max(100, flags.interval),
          isAscii: flags.ascii || wantsAscii(io),
          // The demo's consumers commit twice a second, so that a standstill shows sooner than elsewhere.
          history: { rateWindowMs: 4000, stuckAfterMs: 4000 },
        };
        const cluster = {
          title: `demo at ${demo.namesrvAddr}`,
          connection: `-n ${demo.namesrvAddr}`,
          refusesWrites: null,
        };
        const durationMs = flags.duration ?? (isLive ? null : UNATTENDED_MS);
        if (isLive) {
          const { showConsole } = await import('../console/show.js');
          const ended = new AbortController();
          signal.addEventListener('abort', () => ended.abort(), { once: true });
          const timer = durationMs === null ? null : clock.after(durationMs, () => ended.abort());
          await showConsole({
            clock,
            isColor,
            isScreenReader: io.env.TERM === 'dumb' || io.env.INK_SCREEN_READER === 'true',
            signal: ended.signal,
            host: {
              ...shared,
              connected: { session, cluster },
              contexts: [],
              openContext: () => Promise.reject(new Error('the demo has one cluster')),
              parsePosition,
              saveSnapshot: (name, text) => saveSnapshot(io.cwd, name, text),
            },
          });
          timer?.cancel();
        } else {
          const { streamSamples } = await import('../console/stream.js');
          await streamSamples({
            ...shared,
            session,
            cluster,
            durationMs,
            isOnce: false,
            isJson: flags.json,
            view: 'groups',
            filters: [],
            sort: null,
            columns: stdout.columns ?? 80,
            write: (text) => stdout.write(text),
            signal,
          });
        }
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
