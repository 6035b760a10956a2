/**
 * The errors that RocketMQ's clients, brokers and name servers are known for, as data: what they are recognised by, what
 * they mean, and what of the cluster is to be looked at.
 *
 * Source of the texts: client/impl/producer/DefaultMQProducerImpl.java, client/impl/factory/MQClientInstance.java,
 * remoting/exception, broker/processor/SendMessageProcessor.java, PullMessageProcessor.java,
 * broker/latency/BrokerFastFailure.java, remoting/netty/NettyRemotingAbstract.java
 */
import { ResponseCode } from '../../protocol/response-code.js';

/** What of the cluster an error is checked against. */
export type ErrorAspect =
  | 'address'
  | 'disk'
  | 'filter'
  | 'group'
  | 'load'
  | 'members'
  | 'message-size'
  | 'name-servers'
  | 'permission'
  | 'replication'
  | 'service'
  | 'topic'
  | 'versions';

/** One error that is known. */
export interface KnownError {
  /** Stable name for scripts. */
  readonly id: string;
  /** Response codes that mean it; none of errors that clients find themselves. */
  readonly codes: readonly number[];
  /** Texts that mean it, tried before codes. Named groups tell `topic`, `group`, `addr` or `broker`. */
  readonly texts: readonly RegExp[];
  /** What it says, one or two sentences. */
  readonly meaning: string;
  readonly aspects: readonly ErrorAspect[];
}

const NAME = '[%|a-zA-Z0-9_-]+';
const at = (source: string): RegExp => new RegExp(source.replaceAll('NAME', NAME), 'i');

/** More special ones first: the first whose text fits counts. */
export const KNOWN_ERRORS: readonly KnownError[] = [
  {
    id: 'no-name-server',
    codes: [],
    texts: [/No name server address, please set it/i],
    meaning: 'The client was given no name server, or an empty one (namesrvAddr, NAMESRV_ADDR).',
    aspects: ['name-servers'],
  },
  {
    id: 'send-queue-timeout',
    codes: [],
    texts: [/TIMEOUT_CLEAN_QUEUE/],
    meaning:
      'The broker threw the request away because it waited too long for a thread (waitTimeMillsInSendQueue, 200 ms): it is ' +
      'busier than it can bear for the moment. Producers may try again.',
    aspects: ['load', 'disk'],
  },
  {
    id: 'page-cache-busy',
    codes: [],
    texts: [/PCBUSY_CLEAN_QUEUE|PC_SYNCHRONIZED|os page cache busy/i],
    meaning:
      'Writing one message to the page cache took the broker longer than osPageCacheBusyTimeOutMills (1 s): a slow disk, ' +
      'memory pressure, or a pause of the process.',
    aspects: ['load', 'disk'],
  },
  {
    id: 'thread-pool-full',
    codes: [],
    texts: [/\[OVERLOAD\]|\[REJECTREQUEST\]|too many requests? and (?:the )?system thread ?pool busy/i],
    meaning: 'The broker takes no more requests of this kind: its queue is full, or its processor refuses for now.',
    aspects: ['load', 'disk'],
  },
  {
    id: 'flow-control',
    codes: [ResponseCode.FLOW_CONTROL],
    texts: [/flow control, max num limit|reading cold data. It has been flow control/i],
    meaning: 'The broker limits this kind of request: timed messages for one moment, or a group that reads cold data.',
    aspects: ['load', 'group'],
  },
  {
    id: 'not-enough-replicas',
    codes: [],
    texts: [/in-?sync replicas not enough/i],
    meaning: 'Fewer slaves follow the master than it wants before it takes a message (minInSyncReplicas).',
    aspects: ['replication', 'service'],
  },
  {
    id: 'store-not-writable',
    codes: [ResponseCode.SERVICE_NOT_AVAILABLE],
    texts: [
      /service not available now|disk (?:is )?full|create mapped file failed|message store (?:is not writeable|has been shut ?down)/i,
    ],
    meaning:
      'The broker does not store messages now: its disk is full, it is a slave, or it is starting or stopping. Pulls go on.',
    aspects: ['disk', 'service', 'topic'],
  },
  {
    id: 'send-forbidden',
    codes: [],
    texts: [
      at('the broker\\[(?<broker>[^\\]]*)\\] sending message is forbidden'),
      at('sending message to topic\\[(?<topic>NAME)\\] is forbidden'),
    ],
    meaning: 'A permission forbids sending: of the broker (brokerPermission) or of the topic (perm).',
    aspects: ['permission', 'topic'],
  },
  {
    id: 'pull-forbidden',
    codes: [],
    texts: [
      at('the broker\\[(?<broker>[^\\]]*)\\] pulling message is forbidden'),
      at('the topic\\[(?<topic>NAME)\\] pulling message is forbidden'),
      at('subscription group no permission, ?(?<group>NAME)'),
      at('the consumer group\\[(?<group>NAME)\\] is forbidden for topic\\[(?<topic>NAME)\\]'),
      at('the consumer group\\[(?<group>NAME)\\] can not consume by broadcast way'),
    ],
    meaning: 'A permission forbids consuming: of the broker, of the topic, or of the group (consumeEnable).',
    aspects: ['permission', 'topic', 'group'],
  },
  {
    id: 'access-refused',
    codes: [],
    texts: [
      /AclException|AuthenticationException|AuthorizationException|Check signature failed|No accessKey is configured|has no permission to access|User:\S+ (?:is not exist|is disable)/i,
    ],
    meaning: 'Access control refused the request: no or a wrong access key, a wrong secret, or no rule that allows it.',
    aspects: ['permission'],
  },
  {
    id: 'no-permission',
    codes: [ResponseCode.NO_PERMISSION],
    texts: [/\bNO_PERMISSION\b/],
    meaning: 'A permission of broker, topic or group, or access control, is in the way.',
    aspects: ['permission', 'topic', 'group'],
  },
  {
    id: 'illegal-name',
    codes: [ResponseCode.INVALID_PARAMETER],
    texts: [/The specified (?:topic|group)\b.*(?:illegal characters|blank|longer than|DLQ or Retry)/i],
    meaning:
      'A name breaks the rules: letters, digits, %, |, _ and - only; topics up to 127, groups up to 120 characters.',
    aspects: [],
  },
  {
    id: 'message-illegal',
    codes: [ResponseCode.MESSAGE_ILLEGAL],
    texts: [
      /the message is illegal|message body size over max value|the message body is (?:empty|null)|timer message illegal|MESSAGE_ILLEGAL/i,
    ],
    meaning:
      'The message breaks a limit: body larger than maxMessageSize (broker) or maxMessageSize of the producer (4 MiB), ' +
      'properties over 32 KiB, an empty body, or a delivery time too far ahead.',
    aspects: ['message-size'],
  },
  {
    id: 'topic-not-exist',
    codes: [ResponseCode.TOPIC_NOT_EXIST],
    texts: [at('topic ?\\[(?<topic>NAME)\\] not exist'), /\bTOPIC_NOT_EXIST\b/],
    meaning: 'The broker that was asked, or the name server, does not have the topic.',
    aspects: ['topic', 'name-servers'],
  },
  {
    id: 'no-route',
    codes: [],
    texts: [
      at('No route info of this topic: ?(?<topic>NAME)'),
      at('No topic route info in name server for the topic: ?(?<topic>NAME)'),
      at('Can ?not find Message Queue for this topic, ?(?<topic>NAME)'),
      /No route info of this topic/i,
    ],
    meaning:
      'The name servers know no broker that has the topic, or the client asks other name servers than the brokers.',
    aspects: ['topic', 'name-servers', 'address'],
  },
  {
    id: 'group-not-exist',
    codes: [ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST],
    texts: [
      at('subscription group ?\\[(?<group>NAME)\\] (?:does )?not exist'),
      /SUBSCRIPTION_GROUP_NOT_EXIST|No group in this broker/,
    ],
    meaning:
      'The broker does not have the consumer group and does not create it by itself (autoCreateSubscriptionGroup).',
    aspects: ['group'],
  },
  {
    id: 'consumer-not-online',
    codes: [ResponseCode.CONSUMER_NOT_ONLINE],
    texts: [at('the consumer group ?\\[(?<group>NAME)\\] not online'), /CONSUMER_NOT_ONLINE|Consumer not online/i],
    meaning: 'Nobody of the group is connected to the broker that was asked.',
    aspects: ['group', 'members'],
  },
  {
    id: 'subscription-differs',
    codes: [ResponseCode.SUBSCRIPTION_NOT_EXIST, ResponseCode.SUBSCRIPTION_NOT_LATEST],
    texts: [/the consumer's (?:subscription not (?:exist|latest)|group info not exist)/i],
    meaning:
      'The broker has another subscription of the group, or none: members subscribe to different things, or a heartbeat has ' +
      'not come yet (it passes by itself then).',
    aspects: ['group', 'members'],
  },
  {
    id: 'filter',
    codes: [
      ResponseCode.SUBSCRIPTION_PARSE_FAILED,
      ResponseCode.FILTER_DATA_NOT_EXIST,
      ResponseCode.FILTER_DATA_NOT_LATEST,
    ],
    texts: [
      /does not support consumer to filter message by|parse the consumer's subscription failed|consumer filter data/i,
    ],
    meaning: 'The broker cannot use the filter: the expression does not parse, or SQL92 is off (enablePropertyFilter).',
    aspects: ['filter', 'members'],
  },
  {
    id: 'consume-timeout',
    codes: [ResponseCode.CONSUME_MSG_TIMEOUT],
    texts: [/CONSUME_MSG_TIMEOUT|invoke the consumer .* timeout/i],
    meaning: 'A broker asked a member something and got no answer: it hangs, or the connection is dead.',
    aspects: ['members'],
  },
  {
    id: 'offset-outside',
    codes: [ResponseCode.PULL_OFFSET_MOVED],
    texts: [/PULL_OFFSET_MOVED|OFFSET_ILLEGAL|the request offset is illegal/i],
    meaning: 'The group asked for an offset that the queue does not have: deleted by retention, or beyond its end.',
    aspects: ['members'],
  },
  {
    id: 'request-not-supported',
    codes: [ResponseCode.REQUEST_CODE_NOT_SUPPORTED, ResponseCode.VERSION_NOT_SUPPORTED],
    texts: [/request (?:type|code) \d+ (?:is )?not supported|REQUEST_CODE_NOT_SUPPORTED/i],
    meaning: 'Who was asked does not know the request: an older version, or a name server asked as a broker.',
    aspects: ['versions'],
  },
  {
    id: 'not-flushed',
    codes: [ResponseCode.FLUSH_DISK_TIMEOUT],
    texts: [/FLUSH_DISK_TIMEOUT/],
    meaning: 'The message is stored, but the disk did not take it in time (SYNC_FLUSH, syncFlushTimeout).',
    aspects: ['disk', 'load'],
  },
  {
    id: 'not-replicated',
    codes: [ResponseCode.SLAVE_NOT_AVAILABLE, ResponseCode.FLUSH_SLAVE_TIMEOUT],
    texts: [/SLAVE_NOT_AVAILABLE|FLUSH_SLAVE_TIMEOUT/],
    meaning: 'The message is stored at the master, but no slave confirmed it in time (SYNC_MASTER).',
    aspects: ['replication'],
  },
  {
    id: 'name-taken',
    codes: [],
    texts: [at('The (?:producer|consumer) group\\[(?<group>NAME)\\] has been created before')],
    meaning:
      'This process already has a client of that group under the same instanceName: give the second one another.',
    aspects: [],
  },
  {
    id: 'broker-not-exist',
    codes: [],
    texts: [at('The broker ?\\[(?<broker>[^\\],]+)[^\\]]*\\] not exist')],
    meaning: 'The client knows no address of that broker: it is not registered, or has no master.',
    aspects: ['name-servers', 'address'],
  },
  {
    id: 'connect-failed',
    codes: [],
    texts: [
      /connect to <?(?<addr>[^\s<>]+:\d+)>? failed/i,
      /RemotingConnectException|ECONNREFUSED(?: (?<addr>\S+:\d+))?/i,
      /cannot connect to (?<addr>\S+:\d+)/i,
    ],
    meaning: 'Nobody listens at that address, or the way there is blocked.',
    aspects: ['address', 'name-servers'],
  },
  {
    id: 'send-request-failed',
    codes: [],
    texts: [/send request to <?(?<addr>[^\s<>]+:\d+)>? failed|RemotingSendRequestException|closed the connection/i],
    meaning: 'The connection broke before the request was on its way: the server stopped, or something between cut it.',
    aspects: ['address', 'service'],
  },
  {
    id: 'timeout',
    codes: [],
    texts: [
      /wait response on the channel <?(?:[^\s<>/]*\/)?(?<addr>[^\s<>]+:\d+)>?.* timeout/i,
      /(?<addr>[^\s<>]+:\d+) did not answer within/i,
      /RemotingTimeoutException|RemotingTooMuchRequestException|call timeout|invoke\w* .*timeout/i,
    ],
    meaning:
      'No answer came in time: the server is overloaded or stopped, the network loses packets, or the time is too short.',
    aspects: ['address', 'load', 'name-servers'],
  },
  {
    id: 'polling',
    codes: [ResponseCode.POLLING_FULL, ResponseCode.POLLING_TIMEOUT],
    texts: [/POLLING_FULL|POLLING_TIMEOUT/],
    meaning: 'A pop could not be held: too many wait at the broker, or it came too late. The client pops again.',
    aspects: ['load'],
  },
  {
    id: 'system-busy',
    codes: [ResponseCode.SYSTEM_BUSY],
    texts: [/SYSTEM_BUSY|broker busy/i],
    meaning: 'The broker refuses for now because it is busy; what is in brackets at the front of its text says why.',
    aspects: ['load', 'disk'],
  },
  {
    id: 'not-found',
    codes: [ResponseCode.QUERY_NOT_FOUND],
    texts: [/QUERY_NOT_FOUND|query message by key finished, but no message/i],
    meaning:
      'What was asked for is not there: no offset was committed, no message has the key, or retention deleted it.',
    aspects: ['topic', 'group'],
  },
  {
    id: 'system-error',
    codes: [ResponseCode.SYSTEM_ERROR],
    texts: [/\bSYSTEM_ERROR\b/],
    meaning: 'The server failed in a way that has no code of its own; its remark and its log say how.',
    aspects: ['service', 'versions'],
  },
];
