import { defineCommand } from '../cli/command.js';
import { ExitCode } from '../cli/exit-code.js';
import { flag } from '../cli/flags.js';
import { stopReason } from '../cli/io.js';
import { UsageError } from '../cli/usage-error.js';

const VIEWS = ['groups', 'topics', 'brokers', 'clients', 'pulse'] as const;
const STREAM_VIEWS = ['groups', 'topics', 'brokers', 'clients'] as const;

export default defineCommand({
  summary: 'watch a cluster live: lag, depth, rates, brokers, clients',
  description: [
    'On a terminal: a console of groups, topics, brokers, clients and the whole cluster at a glance, with a way down',
    'from a group to its queues, the client that owns one, and the messages waiting there. ? shows the keys; q quits.',
    'Nothing changes state by a single key: a reset, a skip, a resend or a permission opens a panel with what it would',
    'do, and the name has to be typed. Contexts that are read-only or protected refuse.',
    'Without a terminal: samples as NDJSON, one object a line, until --duration or an interrupt; --once takes one.',
    'Rates need two samples: the first says null. --sort and --filter are about the rows of --view (default groups).',
  ].join('\n'),
  examples: [
    { description: 'The console', command: 'mqadmin top' },
    { description: 'One sample for a script', command: 'mqadmin top --once --json' },
    { description: 'Groups that lag, for three seconds', command: "mqadmin top --duration 3s --filter 'lag>0' --json" },
    { description: 'One look, for people', command: 'mqadmin top --once --output table --sort -lag' },
  ],
  flags: {
    once: flag.boolean({ description: 'take one sample, print it and end' }),
    duration: flag.duration({ description: 'end after this long', helpValue: '<time>' }),
    interval: flag.duration({ description: 'time between samples (default 2s)', helpValue: '<time>', default: 2000 }),
    view: flag.oneOf(VIEWS, { description: 'view to begin with', helpValue: '<view>', default: 'groups' }),
    sort: flag.string({
      description: 'column of the view to sort by; -name or name:desc sorts down',
      helpValue: '<name>',
    }),
    filter: flag.strings({
      description: 'rows of the view to show: group=te*t, lag>100, state!=ok, or a text; may be repeated',
      helpValue: '<test>',
    }),
    ascii: flag.boolean({ description: 'draw with plain ASCII characters' }),
    'screen-reader': flag.boolean({ description: 'say what changes line by line, without drawing' }),
    'max-requests': flag.integer({
      description: 'requests that one sample may make for groups and topics (default 1000); others take turns',
      default: 1000,
      min: 1,
    }),
  },
  exits: [7, 130],
  async run({ flags, given, io, settings, format, isColor, connect }) {
    const [{ clusterOfSettings, connectContext, contextNames, saveSnapshot, wantsAscii }, { parsePosition }] =
      await Promise.all([import('../cli/console-settings.js'), import('../cli/time-syntax.js')]);
    const hasTerminal = io.stdout.isTTY && io.stdin.isTTY;
    const asksForForm = given.has('output') || given.has('json');
    if (asksForForm && (format === 'yaml' || format === 'csv' || format === 'name')) {
      throw new UsageError(`top prints table, wide, json or ndjson, not ${format}`);
    }
    const isJson = format === 'json' || format === 'ndjson' || (!asksForForm && !io.stdout.isTTY);
    const isLive = hasTerminal && !flags.once && !asksForForm;
    const isAscii = flags.ascii || wantsAscii(io);
    const cluster = clusterOfSettings(settings);
    const sort = sortOf(flags.sort);
    const { view } = flags;
    const intervalMs = Math.max(100, flags.interval);
    const { streamProblem, streamSamples } = await import('../console/stream.js');
    const problem = streamProblem({ view, filters: flags.filter, sort });
    if (problem !== null) throw new UsageError(problem);
    const session = await connect();
    if (!isLive) {
      const streamView = STREAM_VIEWS.find((name) => name === view) ?? 'groups';
      const end = await streamSamples({
        session,
        cluster,
        intervalMs,
        durationMs: flags.duration ?? null,
        isOnce: flags.once,
        isJson,
        view: streamView,
        filters: flags.filter,
        sort,
        isAscii,
        columns: io.stdout.columns ?? 120,
        maxRequests: flags['max-requests'],
        write: (text) => io.stdout.write(text),
        signal: io.signal,
      });
      if (stopReason(io.signal) === 'interrupted') return { exit: ExitCode.INTERRUPTED };
      if (!flags.once || end.problems.length === 0) return undefined;
      const exit = end.brokersAnswering === 0 ? ExitCode.UNREACHABLE : ExitCode.PARTIAL;
      return { exit, notes: end.problems.map((text) => `warning: ${text}`) };
    }
    const ended = new AbortController();
    io.signal.addEventListener('abort', () => ended.abort(), { once: true });
    const timer = flags.duration === undefined ? null : io.clock.after(flags.duration, () => ended.abort());
    const { showConsole } = await import('../console/show.js');
    try {
      await showConsole({
        clock: io.clock,
        isColor,
        // A terminal without a cursor to move can only be told line by line.
        isScreenReader: flags['screen-reader'] || io.env.TERM === 'dumb' || io.env.INK_SCREEN_READER === 'true',
        signal: ended.signal,
        host: {
          connected: { session, cluster },
          clock: io.clock,
          intervalMs,
          maxRequests: flags['max-requests'],
          contexts: await contextNames(io),
          openContext: (name) => connectContext(name, io),
          parsePosition,
          saveSnapshot: (name, text) => saveSnapshot(io.cwd, name, text),
          isAscii,
          view,
          filter: flags.filter[0] ?? '',
          sort,
        },
      });
    } finally {
      timer?.cancel();
    }
    return stopReason(io.signal) === 'interrupted' ? { exit: ExitCode.INTERRUPTED } : undefined;
  },
});

/** `-lag` and `lag:desc` sort down, as with other commands. */
function sortOf(text: string | undefined): { column: string; isDown: boolean } | null {
  if (text === undefined) return null;
  const [name = ''] = text.split(',');
  const isDown = name.startsWith('-') || name.endsWith(':desc');
  return { column: name.replace(/^-/, '').replace(/:(?:asc|desc)$/, ''), isDown };
}
