import type { RemotingPort } from '../client/client-config.js';
import { RequestCode } from '../protocol/request-code.js';
import { failureOf } from './failure.js';
import { LOST_CODES } from './fan-out.js';
import { type AdminSession, sessionOver } from './session.js';

/** Requests that a broker hands on to a client: that nothing comes says nothing of the broker. */
const HANDED_ON: ReadonlySet<number> = new Set([
  RequestCode.GET_CONSUMER_RUNNING_INFO,
  RequestCode.CONSUME_MESSAGE_DIRECTLY,
  RequestCode.INVOKE_BROKER_TO_RESET_OFFSET,
  RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS,
]);

/**
 * The session for a use case that runs another one again and again, such as once for each group: who could not be
 * reached, or was silent until a deadline was over, is given up. What it would be asked further fails at once with the
 * same error.
 */
export function givingUp(session: AdminSession): AdminSession {
  const { remoting } = session;
  const lost = new Map<string, unknown>();
  const port: RemotingPort = {
    async invoke(addr, request, timeoutMs, signal) {
      if (lost.has(addr)) throw lost.get(addr);
      try {
        return await remoting.invoke(addr, request, timeoutMs, signal);
      } catch (error) {
        if (LOST_CODES.has(failureOf(error).code) && !HANDED_ON.has(request.code)) lost.set(addr, error);
        throw error;
      }
    },
    invokeOneway: (...args) => remoting.invokeOneway(...args),
    registerProcessor: (...args) => remoting.registerProcessor(...args),
    closeConnection: (...args) => remoting.closeConnection(...args),
    onConnect: (...args) => remoting.onConnect(...args),
    onDisconnect: (...args) => remoting.onDisconnect(...args),
    shutdown: () => remoting.shutdown(),
  };
  const { api } = sessionOver(port, session);
  return { ...session, api, remoting: port };
}
