/** What an explanation is made of. Everything here is plain data: `--json` prints it as it is. */

/** How bad a finding is: `problem` explains why a group stands still or loses, `warning` will, `note` is good to know. */
export type Severity = 'problem' | 'warning' | 'note';

/** What a finding does to the group. */
export type Impact = 'losing' | 'stuck' | 'slow' | 'risk';

/** Stable names of the rules, for scripts. */
export type RuleName =
  | 'address-unreachable'
  | 'broker-silent'
  | 'consumption-disabled'
  | 'dead-letters'
  | 'group-missing'
  | 'lock-held'
  | 'members-silent'
  | 'mixed-subscriptions'
  | 'more-clients-than-queues'
  | 'no-members'
  | 'no-route'
  | 'not-committing'
  | 'not-pulling'
  | 'offset-above-max'
  | 'offset-below-min'
  | 'permission'
  | 'pop-unacknowledged'
  | 'queue-without-owner'
  | 'retry-storm'
  | 'slow-consume'
  | 'uneven-lag';

/** A queue that a finding is about. */
export interface QueueName {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
}

/** Something to run next. */
export interface NextCommand {
  /** A whole command line. */
  readonly command: string;
  /** What it is for, one phrase. */
  readonly why: string;
}

/** One cause, with what it was seen by. */
export interface Finding {
  readonly rule: RuleName;
  readonly severity: Severity;
  readonly impact: Impact;
  /** One sentence. */
  readonly title: string;
  /** What was seen, one line each. */
  readonly evidence: readonly string[];
  /** The queues concerned; none when it concerns the whole group. */
  readonly queues: readonly QueueName[];
  /** clientIds concerned. */
  readonly clients: readonly string[];
  readonly next: readonly NextCommand[];
}

/** From when on something counts. Times in ms. */
export interface ExplainThresholds {
  /** Messages waiting, or a queue idle, for longer are stuck; 60,000. */
  readonly stuckAfterMs: number;
  /** Members younger than this may still be sharing out the queues; 30,000. */
  readonly settleMs: number;
  /** A listener that takes longer for one call is slow; 1,000. */
  readonly slowConsumeMs: number;
  /** How far back failures are counted; 600,000. */
  readonly windowMs: number;
  /** Redeliveries within the window that make a retry storm; 20. */
  readonly retries: number;
  /** Messages behind, of a topic, from which uneven lag counts; 100. */
  readonly unevenLag: number;
  /** Popped messages that a client waits to acknowledge before it stops popping (popThresholdForQueue); 96. */
  readonly popWaiting: number;
}

export const DEFAULT_THRESHOLDS: ExplainThresholds = {
  stuckAfterMs: 60_000,
  settleMs: 30_000,
  slowConsumeMs: 1000,
  windowMs: 600_000,
  retries: 20,
  unevenLag: 100,
  popWaiting: 96,
};

/** `orders on broker-a, queue 3`. */
export function queueText({ topic, brokerName, queueId }: QueueName): string {
  return `${topic} on ${brokerName}, queue ${queueId}`;
}

/** At most `limit` lines, and how many there are beyond. */
export function someLines(lines: readonly string[], limit = 5): string[] {
  return lines.length <= limit ? [...lines] : [...lines.slice(0, limit), `and ${lines.length - limit} more`];
}

/** A word of a command line, quoted when a shell would read more into it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
