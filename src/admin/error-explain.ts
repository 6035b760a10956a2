import type { Check } from './doctor/check.js';
import { check, isBad, worstFirst } from './doctor/check.js';
import { checkAddresses, checkDisks, checkLoad, checkService, checkVersions } from './doctor/check-brokers.js';
import { checkDrift } from './doctor/check-drift.js';
import { checkNameServers } from './doctor/check-names.js';
import { type ClusterLook, lookAtCluster } from './doctor/look.js';
import {
  checkAddress,
  checkFilter,
  checkGroup,
  checkMembers,
  checkSettings,
  checkTopic,
} from './errors/check-subject.js';
import { type ErrorAspect, KNOWN_ERRORS } from './errors/known-errors.js';
import { type ErrorSubject, recogniseError } from './errors/recognise.js';
import type { NextCommand } from './explain/finding.js';
import { AdminError, failureOf } from './failure.js';
import type { AdminSession } from './session.js';

/** An error, and what the cluster has to do with it now. */
export interface ErrorExplanation {
  readonly text: string;
  /** Stable name of the error: `no-route`, `store-not-writable`, … */
  readonly error: string;
  /** Null of errors that clients find themselves. */
  readonly code: number | null;
  readonly codeName: string | null;
  readonly meaning: string;
  /** What the text is about, or what was given. */
  readonly subject: ErrorSubject;
  /** One sentence: what of the cluster explains it, or that nothing does now. */
  readonly verdict: string;
  /** Worst first. */
  readonly checks: readonly Check[];
  readonly next: readonly NextCommand[];
}

export interface ErrorQuery {
  /** What a client, broker or tool said. */
  readonly text: string;
  /** What it was about, when the text does not tell. */
  readonly topic?: string | null | undefined;
  readonly group?: string | null | undefined;
  /** `host:port` */
  readonly addr?: string | null | undefined;
}

/**
 * Says what an error means and checks the cluster for its causes: topic, group, address, permissions, disks, load, as the
 * error wants it. Reads only.
 *
 * @throws AdminError (not-found) for a text that is none of the errors known
 */
export async function explainError(session: AdminSession, query: ErrorQuery): Promise<ErrorExplanation> {
  const found = recogniseError(query.text);
  if (found === null) {
    throw new AdminError('not-found', 'this is none of the errors that explain knows', {
      hint: `give the text of the exception, or CODE: <n>; known are ${KNOWN_ERRORS.map(({ id }) => id).join(', ')}`,
    });
  }
  const { error, code, codeName } = found;
  const subject: ErrorSubject = {
    topic: query.topic ?? found.subject.topic,
    group: query.group ?? found.subject.group,
    addr: query.addr ?? found.subject.addr,
    broker: found.subject.broker,
  };
  const checks = worstFirst(await checksOf(session, error.aspects, subject));
  const next = checks.flatMap((each) => each.next);
  return {
    text: query.text,
    error: error.id,
    code,
    codeName,
    meaning: error.meaning,
    subject,
    verdict: verdictOf(checks, error.aspects),
    checks,
    next: next.filter(({ command }, index) => next.findIndex((each) => each.command === command) === index),
  };
}

async function checksOf(
  session: AdminSession,
  aspects: readonly ErrorAspect[],
  subject: ErrorSubject,
): Promise<Check[]> {
  if (aspects.length === 0) return [];
  let look: ClusterLook;
  try {
    look = await lookAtCluster(session);
  } catch (error) {
    session.signal?.throwIfAborted();
    const { message, hint } = failureOf(error);
    return [
      check('name-servers', 'problem', message, hint === null ? [] : [hint], [
        { command: 'mqadmin config explain', why: 'see which name servers count' },
      ]),
    ];
  }
  const all = await Promise.all(aspects.map((aspect) => checksFor(session, look, aspect, subject)));
  return all.flat();
}

async function checksFor(
  session: AdminSession,
  look: ClusterLook,
  aspect: ErrorAspect,
  { topic, group, addr }: ErrorSubject,
): Promise<Check[]> {
  switch (aspect) {
    case 'address':
      return addr === null ? checkAddresses(look) : checkAddress(session, look, addr);
    case 'disk':
      return checkDisks(look);
    case 'filter':
      return checkFilter(look);
    case 'group':
      return group === null ? [missing('group')] : checkGroup(session, look, group);
    case 'load':
      return checkLoad(look.brokers);
    case 'members':
      return group === null ? [] : checkMembers(session, group);
    case 'message-size':
      return checkSettings(
        look,
        'message-size',
        ['maxMessageSize', 'timerMaxDelaySec', 'timerWheelEnable'],
        'brokers take bodies of up to maxMessageSize bytes; producers have a maxMessageSize of their own',
      );
    case 'name-servers':
      return checkNameServers(look);
    case 'permission':
      return checkService(look).filter(({ area }) => area === 'permission');
    case 'replication':
      return (await checkDrift(session, look)).filter(({ area }) => area === 'replication');
    case 'service':
      return [...checkAddresses(look), ...checkRoles(look)];
    case 'topic':
      return topic === null ? [missing('topic')] : checkTopic(session, look, topic);
    case 'versions':
      return checkVersions(look);
  }
}

const missing = (what: 'topic' | 'group'): Check =>
  check(what, 'unknown', `the text does not tell which ${what}: name it with --${what}`);

/** Brokers that say that they do not serve. */
function checkRoles({ brokers }: ClusterLook): Check[] {
  // Slaves say so while all is well: what masters alone do does not run there.
  const inactive = brokers.filter(({ brokerId, runtime }) => brokerId === 0 && runtime?.brokerActive === 'false');
  const slaves = brokers.filter(({ brokerId }) => brokerId !== 0);
  return [
    ...(inactive.length > 0
      ? [
          check(
            'service',
            'problem',
            'brokers are not active',
            inactive.map(({ brokerName, addr }) => `${brokerName} (${addr}): brokerActive=false`),
          ),
        ]
      : []),
    ...(slaves.length > 0
      ? [
          check(
            'service',
            'note',
            'slaves take no messages',
            slaves.map(({ brokerName, addr }) => `${addr} is a slave of ${brokerName}`),
          ),
        ]
      : []),
  ];
}

function verdictOf(checks: readonly Check[], aspects: readonly ErrorAspect[]): string {
  const [worst] = checks;
  if (worst !== undefined && isBad(worst)) return worst.title;
  if (aspects.length === 0) return 'the cluster has no part in it';
  const open = checks.filter(({ state }) => state === 'unknown');
  return open.length > 0
    ? `nothing found that explains it, but ${open.map(({ title }) => title).join('; ')}`
    : 'nothing of the cluster explains it now: it is over, or lies with the client that said it';
}
