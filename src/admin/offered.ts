import { isBrokerError } from '../client/errors.js';
import { ResponseCode } from '../protocol/response-code.js';
import { AdminError } from './failure.js';

/**
 * Runs a call that only some servers serve.
 *
 * @param what `a controller`, for the error
 * @throws AdminError (failed) saying that the server does not offer it; other errors as they are
 */
export async function offeredBy<T>(addr: string, what: string, hint: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!isBrokerError(error, ResponseCode.REQUEST_CODE_NOT_SUPPORTED)) throw error;
    throw new AdminError('failed', `${addr} does not offer ${what}`, { hint, cause: error });
  }
}
