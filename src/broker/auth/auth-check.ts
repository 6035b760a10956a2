/**
 * Who sends a request, and whether it may: before any processor sees it.
 *
 * Source: broker/auth/pipeline/AuthenticationPipeline.java, AuthorizationPipeline.java;
 * auth/.../chain/DefaultAuthenticationHandler.java, UserAuthorizationHandler.java, AclAuthorizationHandler.java
 */
import { timingSafeEqual } from 'node:crypto';
import { errorText } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { ACCESS_KEY, calSignature, SIGNATURE, signedContent } from '../../protocol/acl-signature.js';
import { MQVersion } from '../../protocol/mq-version.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { BeforeHook } from '../../remoting/server.js';
import type { BrokerConfig } from '../broker-config.js';
import { type Demand, decidingEntry, resourceKey } from './access-rules.js';
import { type AuthTable, subjectOf } from './auth-table.js';
import { demandsOf } from './demands.js';

/** Clients up to 4.9.3 add this field after they signed. */
const NOT_SIGNED_BY_OLD_CLIENTS: ReadonlySet<string> = new Set(['_UNIQUE_KEY_QUERY']);

/** The settings that count here. */
export type AuthSettings = Pick<
  BrokerConfig,
  | 'authenticationEnabled'
  | 'authorizationEnabled'
  | 'authenticationWhitelist'
  | 'authorizationWhitelist'
  | 'brokerClusterName'
>;

function codesOf(whitelist: string): ReadonlySet<string> {
  return new Set(whitelist.split(',').map((code) => code.trim()));
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Why the sender of a request is not believed, in Apache's words; null if it is. */
function authenticate(table: AuthTable, { body, extFields, version }: RemotingCommand): string | null {
  const username = extFields?.[ACCESS_KEY];
  if (!extFields || !username) return 'username cannot be null.';
  const user = table.user(username);
  if (user === null) return `User:${username} is not found.`;
  if (user.userStatus === 'disable') return `User:${username} is disabled.`;
  const content = signedContent(extFields, body, version <= MQVersion.V4_9_3 ? NOT_SIGNED_BY_OLD_CLIENTS : undefined);
  const signature = extFields[SIGNATURE];
  const isGood = signature !== undefined && isEqual(signature, calSignature(content, user.password));
  return isGood ? null : 'check signature failed.';
}

/** Why a user may not do what a request asks for, in Apache's words; null if it may. */
function authorize(table: AuthTable, username: string | undefined, demand: Demand, sourceIp: string): string | null {
  if (username === undefined) return 'Authorization failed. Please verify your access rights and try again.';
  const user = table.user(username);
  if (user === null) return `User:${username} not found.`;
  if (user.userType === 'Super') return null;
  const entry = decidingEntry(table.policies(username) ?? [], demand, sourceIp);
  if (entry?.decision === 'Allow') return null;
  const why = entry === null ? 'no matched policies.' : 'the decision is deny.';
  const resource = resourceKey(demand.resource);
  return `${subjectOf(username)} has no permission to access ${resource} from ${sourceIp}, ${why}`;
}

/** The check of every request; answers NO_PERMISSION in place of the processor. */
export function authCheck(settings: AuthSettings, table: AuthTable, logger: Logger): BeforeHook {
  const believed = codesOf(settings.authenticationWhitelist);
  const allowed = codesOf(settings.authorizationWhitelist);

  const refusal = (request: RemotingCommand, sourceIp: string): string | null => {
    const code = String(request.code);
    if (settings.authenticationEnabled && !believed.has(code)) {
      const problem = authenticate(table, request);
      if (problem !== null) return problem;
    }
    if (!settings.authorizationEnabled || allowed.has(code)) return null;
    let demands: Demand[];
    try {
      demands = demandsOf(request, settings.brokerClusterName);
    } catch (error) {
      logger.debug({ code: request.code, reason: errorText(error) }, 'no telling what a request asks for');
      return 'parse authorization context error.';
    }
    for (const demand of demands) {
      const problem = authorize(table, request.extFields?.[ACCESS_KEY], demand, sourceIp);
      if (problem !== null) return problem;
    }
    return null;
  };

  return (request, { conn }) => {
    const remark = refusal(request, conn.remoteAddress);
    if (remark === null) return null;
    logger.info({ code: request.code, peer: conn.remoteText, reason: remark }, 'request refused');
    return createResponse(request, ResponseCode.NO_PERMISSION, remark);
  };
}
