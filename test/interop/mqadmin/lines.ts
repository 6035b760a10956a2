/**
 * Every subcommand of Apache's mqadmin: the command lines that are compared, or why there are none.
 *
 * `{placeholders}` stand for what differs between the clusters (world.ts); words with blanks go in double quotes. Lines
 * run in this order, so what disturbs others comes late. `-n {namesrv}` is added to every line that does not name it.
 */
import type { RuleName } from './normalise.js';

/** One command line, run by both tools against both clusters. */
export interface Line {
  /** The words after the subcommand. */
  readonly args: string;
  /** Commands that Apache's tool runs first, such as one that makes `{scratch}`, a name of this run alone. */
  readonly before?: readonly string[];
  /** Commands that Apache's tool runs afterwards: what they print shows the effect, and is compared as well. */
  readonly after?: readonly string[];
  /** Files put into `{dir}`, an empty folder of this run, with their content. */
  readonly files?: Readonly<Record<string, string>>;
  /** Files in `{dir}` which the command writes; their content is compared as well. */
  readonly reads?: readonly string[];
  /** The command is repeated until it prints this: figures that a server takes at times of its own. */
  readonly until?: RegExp;
  /** What is normalised beside the rules of every line. */
  readonly rules?: readonly RuleName[];
  /** A fault of Apache's tool that ours does not copy. */
  readonly quirk?: Quirk;
  /** The same of Apache's servers: why the error, of which only the code is compared, or its lack is another. */
  readonly serversQuirk?: ServersQuirk;
}

export interface Quirk {
  /** For the table. */
  readonly text: string;
  /** Output that shows it, `gm`: left out on both sides when the outputs differ, with lines that become empty. */
  readonly shows?: RegExp;
  /** Ours exits with an error where Apache's tool says nothing on stderr. */
  readonly ourExit?: boolean;
}

export interface ServersQuirk extends Pick<Quirk, 'text' | 'shows'> {
  readonly onlyApacheFails?: boolean;
  /** Lines with a key in its first group count if both have that key. */
  readonly key?: RegExp;
}

export type Row =
  | { readonly command: string; readonly lines: readonly Line[]; readonly tool?: '4.9.8' }
  | { readonly command: string; readonly unfit: string };

const CONTROLLER = 'needs a controller';
const CONTAINER = 'needs a broker container';
const ENDLESS = 'never ends by itself';
const ROCKSDB = 'needs tables or queues in RocksDB';

const NO_TARGET: Quirk = { text: 'with neither -b nor -c it prints its usage and exits with 0', ourExit: true };
const UNKNOWN_CLUSTER: Quirk = {
  text: 'with an unknown cluster it goes on, and exits with 0',
  shows: /^.*(?:success|Make sure the specified clusterName).*$|^(?:TopicConfig|SubscriptionGroupConfig|usage).*$/gm,
  ourExit: true,
};

const SILENT_NO_TARGET: Quirk = {
  text: 'with neither -b nor -c it prints nothing and exits with 0',
  shows: /^usage$/gm,
  ourExit: true,
};
const USAGE_AFTER_SUCCESS: Quirk = { text: 'with -c it prints its usage after success', shows: /^usage$/gm };
const NO_SUCH_OFFSET: Quirk = { text: 'a message that is not there is no error', ourExit: true };
const TRACK_OF_TOPIC =
  /^(?:\{cluster\})? *orders +orders.*$|MessageTrack \[consumerGroup=orders, [\s\S]*?(?:\.java:\d+\)|not online)\]/gm;
/** Set right in Apache's next release: client/ConsumerManager.java. */
const TOPIC_AS_GROUP: ServersQuirk = {
  text: '5.3.3 takes a topic that is subscribed to for a group of that name',
  shows: TRACK_OF_TOPIC,
};
const JAVA_TRACK: Quirk = {
  text: 'the track of a group without a retry topic names the place in the Java source',
  shows: TRACK_OF_TOPIC,
};
const WORDED_ANEW: ServersQuirk = { text: 'the error has the words of the release after 5.3.3, which name the topic' };
const OLD_NAME: ServersQuirk = {
  text: 'ours also tell a figure under its name of 4.9',
  shows: /^.*getTransferedTps.*$/gm,
};
const NOBODY: Quirk = {
  text: 'looks for the brokers only when it has written the files',
  shows: /^The (?:old|new) mapping data.*$/gm,
};
const SETTINGS: ServersQuirk = {
  text: 'ours tell the settings that they honour',
  // Facts of a server's process.
  shows: /^(?:bindAddress|brokerIP2|haListenPort|listenPort|rocketmqHome|brokerConfigPath) +=.*$/gm,
  key: /^(\w+) +=/,
};
const JAVA_FRAME = { text: 'what the error says names the place in the Java source' };

const NEW_TOPIC = 'updateTopic -b {broker} -t {scratch} -r 2 -w 2';
const SEND = 'sendMessage -t {scratch} -p body';
const NEW_GROUP = 'updateSubGroup -b {broker} -g {scratch}';
const NEW_STATIC = 'updateStaticTopic -c {cluster} -t {scratch} -qn 3';
const SHOW_TOPIC = 'topicRoute -t {scratch}';
const SHOW_GROUP = 'getConsumerConfig -g {scratch}';
const TOPIC_LIST = JSON.stringify([
  { topicName: '{scratch}', readQueueNums: 3, writeQueueNums: 2, perm: 4, topicFilterType: 'SINGLE_TAG' },
]);
const GROUP_LIST = JSON.stringify([{ groupName: '{scratch}', retryMaxTimes: 3, retryQueueNums: 2 }]);
const ACL = '-b {broker} -s User:{scratch} -r Topic:orders -a Pub,Sub -d Allow';
const USER = 'createUser -b {broker} -u {scratch} -p secret';

/** Reads first. */
export const ROWS: readonly Row[] = [
  // Clusters, brokers, name servers.
  {
    command: 'clusterList',
    lines: [
      { args: '', rules: ['figures', 'version'] },
      { args: '-m', rules: ['figures'] },
      { args: '-c {cluster}', rules: ['figures', 'version'] },
      { args: '-c nowhere', quirk: { text: 'an unknown cluster is an empty one', shows: /^#.*$/gm, ourExit: true } },
    ],
  },
  {
    command: 'brokerStatus',
    lines: [
      { args: '-b {broker}', rules: ['figures', 'version', 'host', 'runtime'], serversQuirk: OLD_NAME },
      { args: '-c {cluster}', rules: ['figures', 'version', 'host', 'runtime'], serversQuirk: OLD_NAME },
      { args: '-c nowhere', quirk: UNKNOWN_CLUSTER },
      { args: '' },
    ],
  },
  {
    command: 'getBrokerConfig',
    lines: [
      { args: '-b {broker}', rules: ['host', 'sorted'], serversQuirk: SETTINGS },
      { args: '-c {cluster}', rules: ['host', 'sorted'], serversQuirk: SETTINGS },
      { args: '', quirk: SILENT_NO_TARGET },
    ],
  },
  {
    command: 'getNamesrvConfig',
    lines: [{ args: '', rules: ['host', 'sorted'], serversQuirk: SETTINGS }],
  },
  {
    command: 'haStatus',
    lines: [
      { args: '-b {broker}', rules: ['figures'] },
      { args: '-c {cluster}', rules: ['figures'] },
    ],
  },
  { command: 'getColdDataFlowCtrInfo', lines: [{ args: '-b {broker}' }, { args: '-c {cluster}' }] },
  { command: 'exportConfigs', lines: [{ args: '-c {cluster} -f {dir}', reads: ['configs.json'] }] },
  {
    command: 'exportMetrics',
    lines: [{ args: '-c {cluster} -f {dir}', reads: ['metrics.json'], rules: ['figures', 'version', 'host'] }],
  },
  {
    command: 'exportMetadata',
    lines: [
      { args: '-c {cluster} -f {dir}', reads: ['metadata.json'] },
      { args: '-b {broker} -f {dir} -t', reads: ['topic.json'] },
      { args: '-b {broker} -f {dir} -g', reads: ['subscriptionGroup.json'] },
      { args: '-c {cluster} -f {dir} -t -s', reads: ['topic.json'] },
    ],
  },

  // Topics.
  {
    command: 'topicList',
    lines: [
      { args: '', rules: ['sorted'] },
      { args: '-c', rules: ['sorted'], serversQuirk: TOPIC_AS_GROUP },
    ],
  },
  {
    command: 'topicRoute',
    lines: [{ args: '-t orders' }, { args: '-t orders -l' }, { args: '-t nothing-here' }, { args: '' }],
  },
  {
    command: 'topicStatus',
    lines: [
      { args: '-t orders', rules: ['rates'] },
      { args: '-t nothing-here' },
      { args: '-t orders -c {cluster}', rules: ['rates'] },
    ],
  },
  { command: 'topicClusterList', lines: [{ args: '-t orders' }, { args: '-t nothing-here' }] },
  {
    command: 'allocateMQ',
    lines: [
      {
        args: '-t orders -i 10.0.0.1,10.0.0.2,10.0.0.3',
        quirk: {
          text: 'it shares out the queues in the order of a HashSet, where clients sort them first',
          shows: /^\{"result":.*$/gm,
        },
      },
    ],
  },
  {
    command: 'statsAll',
    lines: [
      // Counts are sampled each ten seconds, and show for a minute, then from the next ten minutes on.
      { args: '-t orders', rules: ['figures', 'sorted'], serversQuirk: TOPIC_AS_GROUP },
      { args: '-a -t {scratch}', before: [NEW_TOPIC, SEND, SEND], until: /\s2 +NO_CONSUMER/, rules: ['rates'] },
    ],
  },

  // Messages.
  {
    command: 'queryMsgById',
    lines: [
      { args: '-t orders -i {offsetMsgId}', quirk: JAVA_TRACK, serversQuirk: TOPIC_AS_GROUP },
      { args: '-t orders -i {offsetMsgId} -f UTF-8', quirk: JAVA_TRACK, serversQuirk: TOPIC_AS_GROUP },
      { args: '-t orders -i {msgId}', quirk: JAVA_TRACK, serversQuirk: TOPIC_AS_GROUP },
      { args: '-t orders -i {offsetMsgId} -g mailer -d {clientId}', rules: ['figures'] },
      { args: '-t orders -i 7F000001000000000000000000000000' },
    ],
  },
  {
    command: 'queryMsgByKey',
    lines: [
      { args: '-t orders -k o-3' },
      { args: '-t orders -k missing' },
      { args: '-t orders -k o-3 -m 1 -b 0 -e 1000' },
    ],
  },
  {
    command: 'queryMsgByUniqueKey',
    lines: [
      { args: '-t orders -i {msgId}', quirk: JAVA_TRACK, serversQuirk: TOPIC_AS_GROUP },
      { args: '-t orders -i {msgId} -a', quirk: JAVA_TRACK, serversQuirk: TOPIC_AS_GROUP },
      { args: '-t orders -i 7F0000010000000000000000000000000000' },
      { args: '-t orders -i {msgId} -g mailer -d {clientId}', rules: ['figures'] },
    ],
  },
  {
    command: 'queryMsgByOffset',
    lines: [
      { args: '-t orders -b {brokerName} -i 1 -o 1', quirk: JAVA_TRACK, serversQuirk: TOPIC_AS_GROUP },
      { args: '-t orders -b {brokerName} -i 1 -o 99', quirk: NO_SUCH_OFFSET },
      { args: '-t orders -b {brokerName} -i 1 -o 0 -f UTF-8', quirk: JAVA_TRACK, serversQuirk: TOPIC_AS_GROUP },
    ],
  },
  {
    command: 'queryMsgTraceById',
    lines: [
      { args: '-i {tracedMsgId}', rules: ['sorted', 'costs'] },
      { args: '-i {tracedMsgId} -t {scratch}', before: [NEW_TOPIC] },
    ],
  },
  {
    command: 'printMsg',
    lines: [
      { args: '-t orders', rules: ['sorted'] },
      { args: '-t orders -s paid -d false', rules: ['sorted'] },
      { args: '-t orders -b 0 -e 1000', rules: ['sorted'] },
    ],
  },
  {
    command: 'printMsgByQueue',
    lines: [
      { args: '-t orders -a {brokerName} -i 1 -p true -d true' },
      { args: '-t orders -a {brokerName} -i 1 -f true', rules: ['sorted'] },
    ],
  },
  {
    command: 'queryCq',
    lines: [
      { args: '-t orders -q 1 -i 0 -c 3 -b {broker}', rules: ['positions'] },
      { args: '-t orders -q 1 -i 0 -c 2 -g mailer', rules: ['positions'] },
    ],
  },
  { command: 'dumpCompactionLog', lines: [{ args: '-f {dir}/nothing.log' }] },

  // Groups and their members.
  {
    command: 'consumerProgress',
    lines: [
      { args: '-g mailer', rules: ['rates'] },
      { args: '-g mailer -t orders -s true', rules: ['rates'] },
      { args: '-g audit', rules: ['rates'] },
      { args: '-g nobody' },
      { args: '', rules: ['rates', 'sorted', 'version'] },
    ],
  },
  {
    command: 'consumerConnection',
    lines: [
      { args: '-g mailer', rules: ['version'] },
      { args: '-g mailer -b {broker}', rules: ['version'] },
      { args: '-g nobody' },
      { args: '-g audit' },
    ],
  },
  {
    command: 'consumerStatus',
    lines: [
      { args: '-g mailer -i {clientId}', rules: ['rates', 'version', 'figures'] },
      { args: '-g mailer -i {clientId} -b {broker}', rules: ['rates', 'version', 'figures'] },
      { args: '-g mailer', rules: ['version', 'figures'] },
      { args: '-g nobody' },
    ],
  },
  { command: 'producer', lines: [{ args: '-b {broker}', rules: ['sorted', 'tools'] }] },
  {
    command: 'producerConnection',
    lines: [{ args: '-g shop -t orders', rules: ['version'] }, { args: '-g nobody -t orders' }],
  },
  {
    command: 'getConsumerConfig',
    lines: [
      { args: '-g mailer' },
      { args: '-g nobody', quirk: { text: 'an unknown group is no error', ourExit: true } },
    ],
  },
  {
    command: 'brokerConsumeStats',
    lines: [
      { args: '-b {broker} -o false', rules: ['sorted'] },
      { args: '-b {broker} -l 100', rules: ['sorted'] },
    ],
  },
  // Now and then its consumer commits what it has not read yet, which totals over all groups would tell.
  {
    command: 'consumeMessage',
    lines: [
      { args: '-t orders -b {brokerName} -i 1 -o 0 -c 2' },
      {
        args: '-t orders -c 12',
        rules: ['sorted'],
        quirk: {
          text: 'it takes one off -c for each queue it reads',
          shows: /^(?:Consume ok|MSGID: .*|The older .*|MessageQueue .*)$/gm,
        },
      },
      { args: '-t orders -b {brokerName} -i 9 -o 0 -c 1' },
    ],
  },
  { command: 'startMonitoring', unfit: ENDLESS },

  // Sending.
  {
    command: 'sendMessage',
    lines: [
      {
        args: '-t {scratch} -p "hello there" -k k-1 -c paid -b {brokerName} -i 1',
        before: [NEW_TOPIC],
        after: ['topicStatus -t {scratch}', 'queryMsgByKey -t {scratch} -k k-1'],
        rules: ['ids', 'rates'],
      },
      {
        args: '-t {scratch} -p hello -b {brokerName}',
        before: ['updateTopic -b {broker} -t {scratch} -r 1 -w 1'],
        rules: ['ids'],
      },
      { args: '-t {scratch} -p traced -m true -b {brokerName} -i 0', before: [NEW_TOPIC], rules: ['ids'] },
    ],
  },
  { command: 'checkMsgSendRT', lines: [{ args: '-t {scratch} -a 3 -s 16', before: [NEW_TOPIC], rules: ['costs'] }] },
  { command: 'sendMsgStatus', lines: [{ args: '-b {brokerName} -s 16 -c 2', rules: ['costs', 'ids', 'positions'] }] },
  { command: 'clusterRT', unfit: ENDLESS },

  // Writes to topics.
  {
    command: 'updateTopic',
    lines: [
      { args: '-b {broker} -t {scratch} -r 3 -w 2', after: [SHOW_TOPIC] },
      { args: '-c {cluster} -t {scratch}', after: [SHOW_TOPIC] },
      {
        args: '-c {cluster} -t {scratch} -p 4 -u true -s true -o true',
        after: [SHOW_TOPIC, 'updateOrderConf -m get -t {scratch}'],
      },
      { args: '-b {broker} -t {scratch} -a +message.type=FIFO', after: [SHOW_TOPIC] },
      { args: '-b {broker} -t {scratch} -a +nonsense=1', after: [SHOW_TOPIC] },
      { args: '-b {broker} -t TBW102' },
      { args: '-b {broker} -t "bad/{scratch}"', serversQuirk: WORDED_ANEW },
      { args: '-c nowhere -t {scratch}', quirk: UNKNOWN_CLUSTER },
      { args: '-b {broker} -c {cluster} -t {scratch}' },
    ],
  },
  {
    command: 'updateTopicList',
    lines: [
      { args: '-b {broker} -f {dir}/topics.json', files: { 'topics.json': TOPIC_LIST }, after: [SHOW_TOPIC] },
      {
        args: '-c {cluster} -f {dir}/topics.json',
        files: { 'topics.json': TOPIC_LIST },
        after: [SHOW_TOPIC],
        quirk: USAGE_AFTER_SUCCESS,
      },
    ],
  },
  {
    command: 'updateTopicPerm',
    lines: [
      { args: '-b {broker} -t {scratch} -p 4', before: [NEW_TOPIC], after: [SHOW_TOPIC] },
      { args: '-c {cluster} -t {scratch} -p 2', before: [NEW_TOPIC], after: [SHOW_TOPIC] },
      { args: '-t nothing-here -p 4 -b {broker}' },
    ],
  },
  {
    command: 'updateOrderConf',
    lines: [
      { args: '-t {scratch} -m put -v {brokerName}:4', after: ['updateOrderConf -m get -t {scratch}'] },
      { args: '-t {scratch} -m get', before: ['updateOrderConf -t {scratch} -m put -v {brokerName}:4'] },
      { args: '-t {scratch} -m get' },
      {
        args: '-t {scratch} -m delete',
        before: ['updateOrderConf -t {scratch} -m put -v {brokerName}:4'],
        after: ['updateOrderConf -m get -t {scratch}'],
      },
    ],
  },
  {
    command: 'updateStaticTopic',
    lines: [
      { args: '-c {cluster} -t {scratch} -qn 4', after: [SHOW_TOPIC], rules: ['mapping'] },
      { args: '-b {brokerName} -t {scratch} -qn 5', before: [NEW_STATIC], after: [SHOW_TOPIC], rules: ['mapping'] },
      { args: '-b {brokerName} -t {scratch} -qn 3', before: [NEW_STATIC], rules: ['mapping'] },
      { args: '-b nobody -t {scratch} -qn 3', rules: ['mapping'], quirk: NOBODY },
      { args: '-c {cluster} -t {scratch} -qn 3', before: [NEW_TOPIC] },
      { args: '-c {cluster} -t {scratch}' },
    ],
  },
  {
    command: 'remappingStaticTopic',
    lines: [
      {
        args: '-c {cluster} -t {scratch}',
        before: [NEW_STATIC],
        after: [SHOW_TOPIC],
        rules: ['mapping'],
        quirk: { text: 'calls the file of the new mapping old', shows: /^The (?:old|new) mapping data.*after$/gm },
      },
      { args: '-b nobody -t {scratch}', before: [NEW_STATIC] },
      { args: '-c {cluster} -t {scratch}' },
    ],
  },
  {
    command: 'deleteTopic',
    lines: [
      { args: '-t {scratch} -c {cluster}', before: [NEW_TOPIC], after: [SHOW_TOPIC] },
      { args: '-t nothing-here -c {cluster}' },
      { args: '-t {scratch} -c nowhere', before: [NEW_TOPIC], quirk: UNKNOWN_CLUSTER },
    ],
  },

  // Writes to groups.
  {
    command: 'updateSubGroup',
    lines: [
      { args: '-b {broker} -g {scratch}', after: [SHOW_GROUP] },
      {
        args: '-c {cluster} -g {scratch} -s false -m true -d true -o true -q 2 -r 5 -i 1 -w 2 -a false',
        after: [SHOW_GROUP],
      },
      {
        args: '-b {broker} -g {scratch} -p {"type":"EXPONENTIAL","exponentialRetryPolicy":{"initial":1000,"max":9000,"multiplier":3}}',
        after: [SHOW_GROUP],
      },
      { args: '-b {broker} -g {scratch} --attributes +nonsense=1', after: [SHOW_GROUP], serversQuirk: JAVA_FRAME },
      { args: '-c nowhere -g {scratch}', quirk: UNKNOWN_CLUSTER },
      { args: '-g {scratch}', quirk: NO_TARGET },
    ],
  },
  {
    command: 'updateSubGroupList',
    lines: [
      { args: '-b {broker} -f {dir}/groups.json', files: { 'groups.json': GROUP_LIST }, after: [SHOW_GROUP] },
      {
        args: '-c {cluster} -f {dir}/groups.json',
        files: { 'groups.json': GROUP_LIST },
        after: [SHOW_GROUP],
        quirk: USAGE_AFTER_SUCCESS,
      },
    ],
  },
  {
    command: 'setConsumeMode',
    lines: [
      { args: '-b {broker} -t orders -g {scratch} -m POP -q 2', before: [NEW_GROUP] },
      { args: '-c {cluster} -t orders -g {scratch} -m PULL', before: [NEW_GROUP] },
    ],
  },
  {
    command: 'deleteSubGroup',
    lines: [
      { args: '-b {broker} -g {scratch}', before: [NEW_GROUP], after: [SHOW_GROUP] },
      { args: '-c {cluster} -g {scratch} -r true', before: [NEW_GROUP], after: [SHOW_GROUP] },
      { args: '-g {scratch}', quirk: NO_TARGET },
    ],
  },
  {
    command: 'cloneGroupOffset',
    lines: [
      {
        args: '-s audit -d {scratch} -t orders -o true',
        before: [NEW_GROUP],
        after: ['consumerProgress -g {scratch} -t orders'],
        rules: ['rates'],
      },
    ],
  },
  {
    command: 'resetOffsetByTime',
    lines: [
      { args: '-g audit -t orders -s now', after: ['consumerProgress -g audit'], rules: ['rates', 'sorted'] },
      { args: '-g audit -t orders -s 0', after: ['consumerProgress -g audit'], rules: ['rates', 'sorted'] },
      { args: '-g audit -t orders -s -1 -f false', after: ['consumerProgress -g audit'], rules: ['rates', 'sorted'] },
      { args: '-g mailer -t orders -s -1', after: ['consumerProgress -g mailer'], rules: ['rates', 'sorted'] },
      {
        args: '-g audit -t orders -s 0 -b {broker} -q 1 -o 2',
        after: ['consumerProgress -g audit'],
        rules: ['rates', 'sorted'],
      },
      { args: '-g nobody -t nothing-here -s -1', rules: ['rates', 'sorted'] },
    ],
  },
  {
    command: 'skipAccumulatedMessage',
    lines: [
      { args: '-g audit -t orders', after: ['consumerProgress -g audit'], rules: ['rates', 'sorted'] },
      { args: '-g mailer -t orders -f true', rules: ['sorted'] },
    ],
  },

  // Users and permissions.
  {
    command: 'createUser',
    lines: [{ args: '-b {broker} -u {scratch} -p secret -t Super', after: ['getUser -b {broker} -u {scratch}'] }],
  },
  {
    command: 'updateUser',
    lines: [
      { args: '-b {broker} -u {scratch} -s disable', before: [USER], after: ['getUser -b {broker} -u {scratch}'] },
    ],
  },
  {
    command: 'deleteUser',
    lines: [{ args: '-c {cluster} -u {scratch}', before: [USER], after: ['getUser -b {broker} -u {scratch}'] }],
  },
  {
    command: 'getUser',
    lines: [{ args: '-b {broker} -u {scratch}', before: [USER] }, { args: '-b {broker} -u nobody' }],
  },
  { command: 'listUser', lines: [{ args: '-b {broker} -f {scratch}', before: [USER] }] },
  { command: 'copyUser', unfit: 'needs a second broker' },
  { command: 'createAcl', lines: [{ args: ACL, before: [USER], after: ['getAcl -b {broker} -s User:{scratch}'] }] },
  {
    command: 'updateAcl',
    lines: [
      {
        args: '-b {broker} -s User:{scratch} -r Topic:orders -a Pub -d Deny',
        before: [USER, `createAcl ${ACL}`],
        after: ['getAcl -b {broker} -s User:{scratch}'],
      },
    ],
  },
  {
    command: 'deleteAcl',
    lines: [
      {
        args: '-b {broker} -s User:{scratch}',
        before: [USER, `createAcl ${ACL}`],
        after: ['getAcl -b {broker} -s User:{scratch}'],
      },
    ],
  },
  { command: 'getAcl', lines: [{ args: '-b {broker} -s User:{scratch}', before: [USER, `createAcl ${ACL}`] }] },
  { command: 'listAcl', lines: [{ args: '-b {broker} -s {scratch}', before: [USER, `createAcl ${ACL}`] }] },
  { command: 'copyAcl', unfit: 'needs a second broker' },
  { command: 'updateAclConfig', tool: '4.9.8', lines: [{ args: '-b {broker} -a someone -s 12345678' }] },
  { command: 'deleteAclConfig', tool: '4.9.8', lines: [{ args: '-b {broker} -a someone' }] },
  { command: 'clusterAclConfigVersion', tool: '4.9.8', lines: [{ args: '-b {broker}' }] },
  { command: 'updateGlobalWhiteAddr', tool: '4.9.8', lines: [{ args: '-b {broker} -g 10.0.0.1' }] },

  // Writes to name servers and brokers.
  {
    command: 'updateKvConfig',
    lines: [{ args: '-s ORDER_TOPIC_CONFIG -k {scratch} -v one', after: ['updateOrderConf -m get -t {scratch}'] }],
  },
  {
    command: 'deleteKvConfig',
    lines: [
      {
        args: '-s ORDER_TOPIC_CONFIG -k {scratch}',
        before: ['updateKvConfig -s ORDER_TOPIC_CONFIG -k {scratch} -v one'],
        after: ['updateOrderConf -m get -t {scratch}'],
      },
      { args: '-s nowhere -k nothing' },
    ],
  },
  {
    command: 'wipeWritePerm',
    lines: [
      { args: '-b {brokerName}', after: ['topicRoute -t orders', 'addWritePerm -b {brokerName}'] },
      { args: '-b nowhere' },
    ],
  },
  {
    command: 'addWritePerm',
    lines: [
      { args: '-b {brokerName}', before: ['wipeWritePerm -b {brokerName}'], after: ['topicRoute -t orders'] },
      { args: '-b nowhere' },
    ],
  },
  {
    command: 'updateNamesrvConfig',
    lines: [{ args: '-k orderMessageEnable -v true', rules: ['host'] }, { args: '-k kvConfigPath -v elsewhere' }],
  },
  {
    command: 'updateBrokerConfig',
    lines: [
      { args: '-b {broker} -k maxMessageSize -v 4194304' },
      { args: '-c {cluster} -k maxMessageSize -v 4194304' },
      { args: '-b {broker} -k brokerConfigPath -v elsewhere' },
    ],
  },
  { command: 'cleanExpiredCQ', lines: [{ args: '-b {broker}' }, { args: '-c {cluster}' }, { args: '' }] },
  { command: 'deleteExpiredCommitLog', lines: [{ args: '-b {broker}' }, { args: '-c {cluster}' }] },
  { command: 'cleanUnusedTopic', lines: [{ args: '-b {broker}' }, { args: '-c {cluster}' }] },
  {
    command: 'updateColdDataFlowCtrGroupConfig',
    lines: [
      {
        args: '-b {broker} -g {scratch} -v 1024',
        // Removed again: else the next run shows it, too.
        after: ['getColdDataFlowCtrInfo -b {broker}', 'removeColdDataFlowCtrGroupConfig -b {broker} -g {scratch}'],
      },
    ],
  },
  {
    command: 'removeColdDataFlowCtrGroupConfig',
    lines: [
      {
        args: '-b {broker} -g {scratch}',
        before: ['updateColdDataFlowCtrGroupConfig -b {broker} -g {scratch} -v 1024'],
        after: ['getColdDataFlowCtrInfo -b {broker}'],
      },
    ],
  },
  {
    command: 'setCommitLogReadAheadMode',
    lines: [
      { args: '-b {broker} -m 0' },
      { args: '-b {broker} -m 9', quirk: { text: 'with a mode that is none it exits with 0', ourExit: true } },
    ],
  },
  {
    command: 'exportPopRecord',
    lines: [
      {
        args: '-b {broker} -d false',
        quirk: { text: '-d is the wrong way round: false asks for a dry run', shows: /dryRun=(?:true|false)$/gm },
      },
    ],
  },
  { command: 'resetMasterFlushOffset', lines: [{ args: '-b {broker} -o 100' }] },

  // What a cluster of masters alone does not have.
  { command: 'getBrokerEpoch', unfit: CONTROLLER },
  { command: 'getSyncStateSet', unfit: CONTROLLER },
  { command: 'getControllerMetaData', unfit: CONTROLLER },
  { command: 'getControllerConfig', unfit: CONTROLLER },
  { command: 'updateControllerConfig', unfit: CONTROLLER },
  { command: 'electMaster', unfit: CONTROLLER },
  { command: 'cleanBrokerMetadata', unfit: CONTROLLER },
  { command: 'addBroker', unfit: CONTAINER },
  { command: 'removeBroker', unfit: CONTAINER },
  { command: 'checkRocksdbCqWriteProgress', unfit: ROCKSDB },
  { command: 'exportMetadataInRocksDB', unfit: ROCKSDB },
  { command: 'rocksDBConfigToJson', unfit: ROCKSDB },
];

/** Commands that 4.9.8's tool runs against both clusters, too. */
export const OLD_TOOL_ROWS: readonly Row[] = [
  {
    command: 'clusterList',
    tool: '4.9.8',
    lines: [
      {
        args: '',
        rules: ['figures', 'version'],
        serversQuirk: {
          text: '5.3.3 brokers renamed a figure that this tool needs, ours tell both',
          onlyApacheFails: true,
        },
      },
    ],
  },
  { command: 'topicList', tool: '4.9.8', lines: [{ args: '', rules: ['others', 'sorted'] }] },
  { command: 'topicRoute', tool: '4.9.8', lines: [{ args: '-t orders' }] },
  { command: 'topicStatus', tool: '4.9.8', lines: [{ args: '-t orders' }] },
  {
    command: 'consumerProgress',
    tool: '4.9.8',
    lines: [
      { args: '-g audit', rules: ['rates'] },
      { args: '', rules: ['rates', 'sorted', 'version'] },
    ],
  },
  { command: 'consumerConnection', tool: '4.9.8', lines: [{ args: '-g mailer', rules: ['version'] }] },
  { command: 'queryMsgById', tool: '4.9.8', lines: [{ args: '-t orders -i {offsetMsgId}' }] },
  { command: 'queryMsgByKey', tool: '4.9.8', lines: [{ args: '-t orders -k o-3' }] },
  {
    command: 'updateTopic',
    tool: '4.9.8',
    lines: [{ args: '-c {cluster} -t {scratch} -r 3 -w 2', after: [SHOW_TOPIC] }],
  },
  {
    command: 'updateSubGroup',
    tool: '4.9.8',
    lines: [{ args: '-c {cluster} -g {scratch} -r 5', after: [SHOW_GROUP] }],
  },
  {
    command: 'resetOffsetByTime',
    tool: '4.9.8',
    lines: [{ args: '-g audit -t orders -s 0', after: ['consumerProgress -g audit'], rules: ['rates'] }],
  },
  {
    command: 'sendMessage',
    tool: '4.9.8',
    lines: [{ args: '-t {scratch} -p hello -b {brokerName} -i 1', before: [NEW_TOPIC], rules: ['ids'] }],
  },
];
