import { MQError } from '../base/errors.js';
import type { Plan } from './command.js';
import type { CliIo } from './io.js';
import type { Settings } from './settings.js';
import { UsageError } from './usage-error.js';

/** The user said no, or ended the input. */
export class DeclinedError extends MQError {
  readonly hint = 'nothing was changed';

  constructor(what: string) {
    super('MQ_CLIENT', `not confirmed: ${what}`);
  }
}

/**
 * Shows a plan on stderr and gets a yes: `--yes`, or an answer on a terminal.
 *
 * @throws UsageError naming `--yes` when there is nobody to ask; DeclinedError for any answer but yes
 */
export async function confirmPlan(
  plan: Plan,
  options: { yes: boolean; noInput: boolean },
  io: CliIo,
  settings: Pick<Settings, 'protected' | 'context'>,
): Promise<void> {
  const isProtected = settings.protected.value;
  if (plan.isHarmless === true && !isProtected) return;
  if (plan.details !== undefined)
    await io.stderr.write(plan.details.endsWith('\n') ? plan.details : `${plan.details}\n`);
  if (options.yes) return;
  const why = isProtected && plan.isHarmless === true ? ` (context ${settings.context.value ?? '?'} is protected)` : '';
  if (options.noInput || !io.stdin.isTTY || !io.stderr.isTTY) {
    throw new UsageError(`will not ${plan.what} without a yes${why}`, { hint: 'add --yes to do it without asking' });
  }
  const answer = await io.stdin.readLine(`${plan.what}${why}? [y/N] `);
  if (answer === null || !/^y(?:es)?$/i.test(answer.trim())) throw new DeclinedError(plan.what);
}
