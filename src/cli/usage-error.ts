import { MQError } from '../base/errors.js';

/** The user asked for something in a wrong way: exit code 2. */
export class UsageError extends MQError {
  /** What to write instead; null when the message says it. */
  readonly hint: string | null;

  constructor(message: string, options: { hint?: string | null; cause?: unknown } = {}) {
    super('USAGE', message, { cause: options.cause });
    this.hint = options.hint ?? null;
  }
}
