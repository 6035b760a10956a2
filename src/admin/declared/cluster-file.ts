/**
 * The file that declares a cluster: topics, groups, settings of brokers, users and their rules. What it leaves out
 * stays as it is.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, stringify } from 'yaml';
import { checkGroupName, checkTopicName } from '../../protocol/topic-validator.js';
import { AdminError } from '../failure.js';
import { type Field, jsonSchemaOf, type Path, problemsOf, type Shape } from './shape.js';

/** Settings of a topic, in Apache's names. */
export interface TopicSettings {
  readonly readQueueNums?: number;
  readonly writeQueueNums?: number;
  /** 2 write, 4 read, 6 both. */
  readonly perm?: number;
  readonly order?: boolean;
  readonly unit?: boolean;
  readonly hasUnitSub?: boolean;
  /** 5.x; names without `+`. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

/** Settings of a consumer group, in Apache's names. */
export interface GroupSettings {
  readonly consumeEnable?: boolean;
  readonly consumeFromMinEnable?: boolean;
  readonly consumeBroadcastEnable?: boolean;
  readonly consumeMessageOrderly?: boolean;
  readonly retryQueueNums?: number;
  readonly retryMaxTimes?: number;
  readonly groupRetryPolicy?: {
    readonly type: 'EXPONENTIAL' | 'CUSTOMIZED';
    readonly exponentialRetryPolicy?: { readonly initial: number; readonly max: number; readonly multiplier: number };
    readonly customizedRetryPolicy?: { readonly next: readonly number[] };
  };
  readonly brokerId?: number;
  readonly whichBrokerWhenConsumeSlowly?: number;
  readonly notifyConsumerIdsChangedEnable?: boolean;
  readonly groupSysFlag?: number;
  readonly consumeTimeoutMinute?: number;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

/** Where an entry is to be. */
export type Placed<S> = S & {
  /** Names of the brokers that are to have it; all by default. */
  readonly brokers?: readonly string[];
  /** Settings that differ, by broker name. */
  readonly perBroker?: Readonly<Record<string, S | null>>;
};

/** A user; the password is used when the user is created. */
export interface UserSettings {
  readonly userType?: 'Super' | 'Normal';
  readonly userStatus?: 'enable' | 'disable';
  /** Environment variable that holds it. */
  readonly passwordEnv?: string;
  /** File whose first line it is, relative to the folder of this file. */
  readonly passwordFile?: string;
}

/** What a user may do, or not, with some resources. */
export interface RuleSettings {
  readonly resources: readonly string[];
  readonly actions: readonly string[];
  readonly decision?: 'Allow' | 'Deny';
  readonly sourceIps?: readonly string[];
}

export interface ClusterFile {
  readonly cluster?: string;
  readonly topics?: Readonly<Record<string, Placed<TopicSettings> | null>>;
  readonly groups?: Readonly<Record<string, Placed<GroupSettings> | null>>;
  /** Properties by broker name; `*` is all masters. */
  readonly brokers?: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;
  readonly users?: Readonly<Record<string, UserSettings | null>>;
  /** Rules by subject, `User:NAME`. */
  readonly acls?: Readonly<Record<string, readonly RuleSettings[]>>;
}

const INT_MAX = 0x7fffffff;
const int = (min: number, max = INT_MAX): Shape => ({ type: 'integer', min, max });
const long: Shape = { type: 'integer', min: 0, max: Number.MAX_SAFE_INTEGER };
const bool: Shape = { type: 'boolean' };
const text: Shape = { type: 'string' };
const texts: Shape = { type: 'list', of: text };
const scalars: Shape = { type: 'map', of: { type: 'scalar' } };

const TOPIC_FIELDS: Readonly<Record<string, Field>> = {
  readQueueNums: { shape: int(1, 65_535), about: 'Queues that are read; 8 for a new topic.' },
  writeQueueNums: { shape: int(1, 65_535), about: 'Queues that are written; 8 for a new topic.' },
  perm: { shape: int(0, 7), about: '2 write, 4 read, 6 both; 6 for a new topic.' },
  order: { shape: bool, about: 'Whether the name servers keep the order of its queues.' },
  unit: { shape: bool, about: 'Whether the topic belongs to a unit.' },
  hasUnitSub: { shape: bool, about: 'Whether units subscribe to it.' },
  attributes: { shape: scalars, about: '5.x attributes, such as message.type: FIFO. Those left out stay.' },
};

const GROUP_FIELDS: Readonly<Record<string, Field>> = {
  consumeEnable: { shape: bool, about: 'Whether the group may consume.' },
  consumeFromMinEnable: { shape: bool, about: 'Whether it may begin at the smallest offset.' },
  consumeBroadcastEnable: { shape: bool, about: 'Whether it may broadcast.' },
  consumeMessageOrderly: { shape: bool, about: '5.x: whether it consumes in order.' },
  retryQueueNums: { shape: int(0), about: 'Queues of its retry topic.' },
  retryMaxTimes: { shape: int(-1), about: 'Redeliveries before the dead letter topic.' },
  groupRetryPolicy: {
    shape: {
      type: 'record',
      required: ['type'],
      fields: {
        type: { shape: { type: 'string', values: ['EXPONENTIAL', 'CUSTOMIZED'] }, about: 'Which of the two counts.' },
        exponentialRetryPolicy: {
          shape: {
            type: 'record',
            required: ['initial', 'max', 'multiplier'],
            fields: {
              initial: { shape: long, about: 'First delay, ms.' },
              max: { shape: long, about: 'Longest delay, ms.' },
              multiplier: { shape: long, about: 'Factor from one to the next.' },
            },
          },
          about: 'Delays that grow.',
        },
        customizedRetryPolicy: {
          shape: {
            type: 'record',
            required: ['next'],
            fields: { next: { shape: { type: 'list', of: long }, about: 'Delays, ms; the last one repeats.' } },
          },
          about: 'Delays one by one.',
        },
      },
    },
    about: '5.x: when failed messages come again.',
  },
  brokerId: { shape: long, about: 'Broker that the group reads from; 0 is the master.' },
  whichBrokerWhenConsumeSlowly: { shape: long, about: 'Where slow consumers read from.' },
  notifyConsumerIdsChangedEnable: { shape: bool, about: 'Whether members are told of each other.' },
  groupSysFlag: { shape: int(0), about: '5.x: flags of the broker.' },
  consumeTimeoutMinute: { shape: int(0), about: '5.x: minutes that a message may take.' },
  attributes: { shape: scalars, about: '5.x attributes. Those left out stay.' },
};

function placed(fields: Readonly<Record<string, Field>>): Shape {
  return {
    type: 'record',
    fields: {
      ...fields,
      brokers: { shape: texts, about: 'Names of the brokers that are to have it; all masters by default.' },
      perBroker: {
        shape: { type: 'map', of: { type: 'record', fields } },
        about: 'Settings that differ, by broker name.',
      },
    },
  };
}

const FILE: Shape = {
  type: 'record',
  fields: {
    cluster: { shape: text, about: 'Name of the cluster; may be left out when there is only one.' },
    topics: {
      shape: { type: 'map', of: placed(TOPIC_FIELDS), isName: checkTopicName },
      about: 'Topics by name.',
    },
    groups: {
      shape: { type: 'map', of: placed(GROUP_FIELDS), isName: checkGroupName },
      about: 'Consumer groups by name.',
    },
    brokers: {
      shape: { type: 'map', of: scalars },
      about: "Settings in Apache's names by broker name; * is all masters. Only those that change while brokers run.",
    },
    users: {
      shape: {
        type: 'map',
        of: {
          type: 'record',
          fields: {
            userType: { shape: { type: 'string', values: ['Super', 'Normal'] }, about: 'Super may do everything.' },
            userStatus: { shape: { type: 'string', values: ['enable', 'disable'] }, about: 'Whether it may sign in.' },
            passwordEnv: { shape: text, about: 'Environment variable with the password of a new user.' },
            passwordFile: { shape: text, about: 'File with the password of a new user.' },
          },
        },
      },
      about: '5.3: users by name.',
    },
    acls: {
      shape: {
        type: 'map',
        isName: (subject) => (/^User:.+/.test(subject) ? null : `acls.${subject}: a subject is User:NAME`),
        of: {
          type: 'list',
          of: {
            type: 'record',
            required: ['resources', 'actions'],
            fields: {
              resources: { shape: texts, about: 'Topic:NAME, Group:PREFIX*, Cluster:*, or *.' },
              actions: { shape: texts, about: 'All, Pub, Sub, Create, Update, Delete, Get, List.' },
              decision: { shape: { type: 'string', values: ['Allow', 'Deny'] }, about: 'Allow by default.' },
              sourceIps: { shape: texts, about: 'Only from these addresses or ranges.' },
            },
          },
        },
      },
      about: '5.3: rules by subject, User:NAME.',
    },
  },
};

/** The file's JSON Schema (draft 7), for editors. */
export function clusterFileSchema(): Record<string, unknown> {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'mqadmin cluster file',
    description: 'What mqadmin plan, apply and drift read, and mqadmin export cluster writes.',
    ...jsonSchemaOf(FILE),
  };
}

/**
 * Reads a cluster file: YAML, or JSON.
 *
 * @param name of the file, for errors
 * @throws AdminError (usage) with `name:line:` before each thing that is wrong
 */
export function parseClusterFile(source: string, name: string): ClusterFile {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const [syntax] = document.errors;
  if (syntax !== undefined) {
    const { line } = lines.linePos(syntax.pos[0]);
    throw new AdminError('usage', `${name}:${line}: ${syntax.message}`, { cause: syntax });
  }
  const value: unknown = document.toJS() ?? {};
  const problems = problemsOf(FILE, value);
  if (problems.length > 0) {
    const texts = problems.slice(0, 20).map(({ path, message, isKey }) => {
      const { line } = lines.linePos(positionOf(document.contents as Node | null, path, isKey));
      return `${name}:${line}: ${message}`;
    });
    throw new AdminError('usage', texts.join('\n'), { hint: 'mqadmin schema cluster-file describes the file' });
  }
  return value as ClusterFile;
}

/** Where in the source a path leads to; where it ends is told for what is not there. */
function positionOf(root: Node | null, path: Path, isKey: boolean): number {
  let node: unknown = root;
  let position = root?.range?.[0] ?? 0;
  for (const [index, step] of path.entries()) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (isScalar(key) ? String(key.value) === String(step) : false));
      if (pair === undefined) return position;
      const useKey = index === path.length - 1 ? isKey : true;
      position = (pair.key as Node).range?.[0] ?? position;
      if (!useKey) position = (pair.value as Node | null)?.range?.[0] ?? position;
      next = pair.value;
    } else if (isSeq(node)) {
      next = node.items[step as number];
      position = (next as Node | undefined)?.range?.[0] ?? position;
    }
    node = next;
  }
  return position;
}

/** The text of a cluster file. */
export function formatClusterFile(file: ClusterFile): string {
  return stringify(file, { lineWidth: 120 });
}
