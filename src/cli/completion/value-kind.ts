/** What a value of a flag or an argument is, as far as completion can help with it. */
export type ValueKind = 'topic' | 'group' | 'cluster' | 'broker' | 'brokerAddr' | 'context' | 'bool' | 'file';

/** By the name of a flag or argument, ours and Apache's, in lower case. */
const KIND_OF_NAME: Readonly<Record<string, ValueKind>> = {
  topic: 'topic',
  topicname: 'topic',
  'route-of': 'topic',
  group: 'group',
  groupname: 'group',
  consumergroup: 'group',
  consumergroupid: 'group',
  srcgroup: 'group',
  destgroup: 'group',
  cluster: 'cluster',
  clustername: 'cluster',
  broker: 'brokerAddr',
  brokeraddr: 'brokerAddr',
  brokername: 'broker',
  context: 'context',
};

/** By the placeholder of the value in help. */
const KIND_OF_PLACEHOLDER: Readonly<Record<string, ValueKind>> = {
  '<topic>': 'topic',
  '<group>': 'group',
  '<broker>': 'broker',
  '<bool>': 'bool',
  '<file>': 'file',
  '<folder>': 'file',
};

/** The kind of a value; null when nothing is known that it could be. */
export function valueKind(name: string, placeholder?: string): ValueKind | null {
  return (
    KIND_OF_NAME[name.toLowerCase()] ?? (placeholder === undefined ? null : (KIND_OF_PLACEHOLDER[placeholder] ?? null))
  );
}
