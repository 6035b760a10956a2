import { isBrokerError } from '../client/errors.js';
import { readJson } from '../protocol/bodies/schema.js';
import { parseFastjson } from '../protocol/fastjson.js';
import { ResponseCode } from '../protocol/response-code.js';
import { type SubscriptionGroupConfig, subscriptionGroupConfigType } from '../protocol/subscription-group-config.js';
import { type TopicConfig, topicConfigType } from '../protocol/topic-config.js';
import { checkGroupName, checkTopicName } from '../protocol/topic-validator.js';
import { type WriteTarget, writeTargets } from './cluster.js';
import type { Deadline } from './deadline.js';
import { AdminError } from './failure.js';
import { askAll, FAN_OUT_LIMIT, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';

/** What a file of configs lists. */
export type ConfigKind = 'topic' | 'group';

/** A config as a file has it: only the fields that are written there. */
export interface ListedConfig {
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What an import does on one broker, by name. */
export interface ImportStep {
  readonly brokerName: string | null;
  readonly addr: string;
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly unchanged: readonly string[];
}

export interface ImportPlan extends Partial {
  readonly kind: ConfigKind;
  readonly brokers: readonly ImportStep[];
}

export interface ImportResult extends ImportPlan {
  /** False when a config, read back, is not as the file has it. */
  readonly verified: boolean;
  /** `name on broker` of those. */
  readonly wrong: readonly string[];
}

type AnyConfig = TopicConfig | SubscriptionGroupConfig;

interface Access {
  readonly nameField: string;
  check(name: string): string | null;
  /** A whole config; what is left out is at the default of the Java class. */
  read(value: unknown): AnyConfig;
  readAll(session: AdminSession, addr: string, deadline: Deadline): Promise<Readonly<Record<string, AnyConfig>>>;
  write(session: AdminSession, addr: string, list: readonly AnyConfig[], deadline: Deadline): Promise<void>;
  writeOne(session: AdminSession, addr: string, config: AnyConfig, deadline: Deadline): Promise<void>;
}

const ACCESS: Readonly<Record<ConfigKind, Access>> = {
  topic: {
    nameField: 'topicName',
    check: checkTopicName,
    read: (value) => readJson(topicConfigType, 'topic', value),
    readAll: async (session, addr, deadline) =>
      (await session.api.getAllTopicConfig(addr, deadline.call())).topicConfigTable,
    write: (session, addr, list, deadline) => session.api.createTopicList(addr, list as TopicConfig[], deadline.call()),
    writeOne: (session, addr, config, deadline) =>
      session.api.createTopic(addr, config as TopicConfig, deadline.call()),
  },
  group: {
    nameField: 'groupName',
    check: checkGroupName,
    read: (value) => readJson(subscriptionGroupConfigType, 'group', value),
    readAll: async (session, addr, deadline) =>
      (await session.api.getAllSubscriptionGroup(addr, deadline.call())).subscriptionGroupTable,
    write: (session, addr, list, deadline) =>
      session.api.createSubscriptionGroupList(addr, list as SubscriptionGroupConfig[], deadline.call()),
    writeOne: (session, addr, config, deadline) =>
      session.api.createSubscriptionGroup(addr, config as SubscriptionGroupConfig, deadline.call()),
  },
};

/**
 * Reads a file of configs: a JSON array of objects with `topicName` or `groupName`, fastjson's liberties allowed.
 *
 * @throws AdminError (usage) for other JSON, a bad name, a name twice, or a field of a wrong type
 */
export function parseConfigList(kind: ConfigKind, text: string): ListedConfig[] {
  const { nameField, check, read } = ACCESS[kind];
  let list: unknown;
  try {
    list = parseFastjson(text);
  } catch (error) {
    throw new AdminError('usage', `the file is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!Array.isArray(list)) {
    throw new AdminError('usage', 'the file is no JSON array', { hint: `it is to hold [{"${nameField}": …}, …]` });
  }
  const seen = new Set<string>();
  return list.map((fields: unknown, index) => {
    const name = typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>)[nameField] : null;
    if (typeof name !== 'string') throw new AdminError('usage', `entry ${index} of the file has no ${nameField}`);
    const wrong = check(name);
    if (wrong !== null) throw new AdminError('usage', `entry ${index} of the file: ${wrong}`);
    if (seen.has(name)) throw new AdminError('usage', `the file has "${name}" twice`);
    seen.add(name);
    try {
      read(fields);
    } catch (error) {
      throw new AdminError('usage', `"${name}" in the file: ${(error as Error).message}`, { cause: error });
    }
    return { name, fields: fields as Record<string, unknown> };
  });
}

/** Source: tools/command/topic/UpdateTopicListSubCommand.java, consumer/UpdateSubGroupListSubCommand.java */
export interface Submitted extends Partial {
  readonly brokers: ReadonlyArray<{ readonly brokerName: string | null; readonly addr: string }>;
}

/** Writes the configs whole (18 or 225, 5.x), as Apache's commands do: what the file leaves out becomes the default. */
export async function submitConfigs(
  session: AdminSession,
  { kind, target, list }: { kind: ConfigKind; target: WriteTarget; list: readonly ListedConfig[] },
): Promise<Submitted> {
  const deadline = session.deadline();
  const { read } = ACCESS[kind];
  const targets = await writeTargets(session, target, deadline);
  const configs = list.map(({ fields }) => read(fields));
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    writeAll(session, kind, addr, configs, deadline),
  );
  return { ...partial, brokers: answers.map(({ target: { brokerName, addr } }) => ({ brokerName, addr })) };
}

interface Step extends Target {
  readonly before: Readonly<Record<string, AnyConfig>>;
  readonly wanted: readonly AnyConfig[];
  readonly plan: ImportStep;
}

/** A plan with what is to be written. */
export interface PreparedImport {
  readonly plan: ImportPlan;
  readonly steps: readonly Step[];
}

/** What an import would do: fields that the file leaves out stay as they are. Nothing is written. */
export async function planImport(
  session: AdminSession,
  { kind, target, list }: { kind: ConfigKind; target: WriteTarget; list: readonly ListedConfig[] },
): Promise<PreparedImport> {
  const deadline = session.deadline();
  const targets = await writeTargets(session, target, deadline);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    ACCESS[kind].readAll(session, addr, deadline),
  );
  const steps = answers.map(({ target: { brokerName, addr }, value: before }): Step => {
    const sorted = { created: [] as string[], updated: [] as string[], unchanged: [] as string[] };
    const wanted: AnyConfig[] = [];
    for (const listed of list) {
      const current = before[listed.name];
      const after = merged(kind, listed, current);
      const state = current === undefined ? 'created' : isAs(after, current) ? 'unchanged' : 'updated';
      sorted[state].push(listed.name);
      if (state !== 'unchanged') wanted.push(after);
    }
    return { brokerName, addr, before, wanted, plan: { brokerName, addr, ...sorted } };
  });
  return { plan: { kind, ...partial, brokers: steps.map(({ plan }) => plan) }, steps };
}

/** Does what was planned, and reads back. */
export async function applyImport(session: AdminSession, { plan, steps }: PreparedImport): Promise<ImportResult> {
  const deadline = session.deadline();
  const { answers, ...partial } = await askAll(steps, FAN_OUT_LIMIT, async ({ addr, wanted }) => {
    if (wanted.length === 0) return [];
    await writeAll(session, plan.kind, addr, wanted, deadline);
    const after = await ACCESS[plan.kind].readAll(session, addr, deadline);
    return wanted.map(nameOf).filter((name, index) => {
      const now = after[name];
      return now === undefined || !isAs(wanted[index] as AnyConfig, now);
    });
  });
  const wrong = answers.flatMap(({ target: { brokerName, addr }, value }) =>
    value.map((name) => `${name} on ${brokerName ?? addr}`),
  );
  return {
    kind: plan.kind,
    complete: plan.complete && partial.complete,
    unreachable: [...plan.unreachable, ...partial.unreachable],
    brokers: answers.map(({ target }) => target.plan),
    verified: wrong.length === 0,
    wrong,
  };
}

/** In one request; to brokers of 4.9, which do not know it, one by one. */
async function writeAll(
  session: AdminSession,
  kind: ConfigKind,
  addr: string,
  list: readonly AnyConfig[],
  deadline: Deadline,
): Promise<void> {
  const access = ACCESS[kind];
  try {
    await access.write(session, addr, list, deadline);
  } catch (error) {
    if (!isBrokerError(error, ResponseCode.REQUEST_CODE_NOT_SUPPORTED)) throw error;
    for (const config of list) await access.writeOne(session, addr, config, deadline);
  }
}

const nameOf = (config: AnyConfig): string => ('topicName' in config ? config.topicName : config.groupName);

/** The config that a broker is to have. Brokers take attributes as changes: `+key` sets, `-key` takes away. */
function merged(kind: ConfigKind, { fields }: ListedConfig, current: AnyConfig | undefined): AnyConfig {
  const config = ACCESS[kind].read({ ...current, attributes: {}, ...fields });
  const attributes = Object.fromEntries(
    Object.entries(config.attributes).map(([key, value]) => [/^[+-]/.test(key) ? key : `+${key}`, value]),
  );
  return { ...config, attributes };
}

/** Whether a broker's config is as wanted. */
function isAs(wanted: AnyConfig, now: AnyConfig): boolean {
  const { attributes, ...settings } = wanted;
  const { attributes: has, ...others } = now;
  return (
    JSON.stringify(settings) === JSON.stringify(others) &&
    Object.entries(attributes).every(([key, value]) =>
      key.startsWith('-') ? has[key.slice(1)] === undefined : has[key.slice(1)] === value,
    )
  );
}
