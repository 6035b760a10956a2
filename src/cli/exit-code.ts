import type { FailureKind } from '../admin/failure.js';

/** What a process of ours ends with; the same under Apache's command names. */
export const ExitCode = {
  DONE: 0,
  FAILED: 1,
  USAGE: 2,
  NOT_FOUND: 3,
  NOT_PERMITTED: 4,
  UNREACHABLE: 5,
  CONDITION_NOT_MET: 6,
  PARTIAL: 7,
  INTERRUPTED: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const OF_FAILURE: Record<FailureKind, ExitCode> = {
  failed: ExitCode.FAILED,
  usage: ExitCode.USAGE,
  'not-found': ExitCode.NOT_FOUND,
  'not-permitted': ExitCode.NOT_PERMITTED,
  unreachable: ExitCode.UNREACHABLE,
  'condition-not-met': ExitCode.CONDITION_NOT_MET,
  partial: ExitCode.PARTIAL,
  interrupted: ExitCode.INTERRUPTED,
};

/** The exit code that a kind of failure ends in. */
export function exitCodeOf(kind: FailureKind): ExitCode {
  return OF_FAILURE[kind];
}

/** One line for each code, as help and man pages print it. */
export const EXIT_CODE_TEXT: Record<ExitCode, string> = {
  0: 'done',
  1: 'failed',
  2: 'wrong usage: a flag, a value, or --yes is missing',
  3: 'the named topic, group, message or cluster does not exist',
  4: 'not permitted',
  5: 'unreachable or timed out',
  6: 'the condition was not met',
  7: 'partial: some brokers did not answer',
  130: 'interrupted',
};
