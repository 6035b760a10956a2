/** What a demo did. */
export interface DemoFacts {
  readonly topics: readonly string[];
  readonly groups: readonly string[];
  readonly counts: {
    readonly sent: number;
    readonly failed: number;
    readonly consumed: Readonly<Record<'fast' | 'slow' | 'stuck', number>>;
  };
  /** From nothing to the first message stored and consumers running, ms. */
  readonly startMs: number;
}

/** The demo in words, and the commands to try next. */
export function demoSummary({ topics, groups, counts, startMs }: DemoFacts): string {
  const { sent, failed, consumed } = counts;
  const [fast, slow, stuck] = groups;
  return [
    `The demo started a name server, a broker and its workload in ${startMs} ms, created the topics ${topics.join(' and ')},`,
    `and stored ${sent} messages${failed > 0 ? ` (${failed} sends failed)` : ''}:`,
    `  ${fast} consumed ${consumed.fast} and kept up,`,
    `  ${slow} consumed ${consumed.slow}, slower than they came in,`,
    `  ${stuck} consumed ${consumed.stuck}: its listener never returned.`,
    'Ports, processes and files are gone again. Now with a cluster that stays:',
    '',
    '  mqadmin up                                  # a name server and a broker, in this terminal',
    '  mqadmin topic create orders                 # in another',
    '  mqadmin message send orders --body hello',
    '  mqadmin tail orders --from start --count 1',
    '  mqadmin consumer progress',
    '  mqadmin sandbox -- npm test                 # a throw-away cluster around a command',
  ].join('\n');
}
