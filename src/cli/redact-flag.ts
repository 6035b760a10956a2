import { REDACT_HELP } from '../admin/redact.js';
import { flag } from './flags.js';

/** What is taken out of messages before they go anywhere. */
export const REDACT_FLAG = flag.strings({
  description: `write *** in place of: ${REDACT_HELP}; may be repeated`,
  helpValue: '<rule>',
});
