/**
 * mqadmin as a library: a RocketMQ client for Node, and sandboxes to test clients in.
 */

export type { SendRequest } from './admin/message-send.js';
export type { Clock, Random, Timer } from './base/clock.js';
export { MQError, type MQErrorCode } from './base/errors.js';
export type { Logger } from './base/logger.js';
export type { Fault, FaultKind, FaultRequest, FaultTarget } from './broker/faults.js';
export {
  type AllocateMessageQueueStrategy,
  allocateAveragely,
  allocateAveragelyByCircle,
  allocateByConfig,
  allocateByConsistentHash,
  allocateByMachineRoom,
  allocateByMachineRoomNearby,
  type MachineRoomResolver,
} from './client/allocate-strategy.js';
export type {
  CallOptions,
  ClientApi,
  NameServerCallOptions,
  PullResult,
  PullStatus,
  SendStatus,
} from './client/client-api.js';
export type { ClientOptions } from './client/client-config.js';
export {
  type ConsumeConcurrentlyContext,
  ConsumeConcurrentlyStatus,
  type ConsumeOrderlyContext,
  ConsumeOrderlyStatus,
  type MessageListenerConcurrently,
  type MessageListenerOrderly,
} from './client/consume-listener.js';
export { ClientErrorCode, MQBrokerError, MQClientError } from './client/errors.js';
export { LitePullConsumer, type LitePullConsumerOptions } from './client/lite-pull-consumer.js';
export { type InstanceOptions, MQClientInstance } from './client/mq-client-instance.js';
export { type MessageQueueSelector, Producer, type ProducerOptions, type SendOptions } from './client/producer.js';
export { PushConsumer } from './client/push-consumer.js';
export type { PushConsumerOptions } from './client/push-consumer-config.js';
export { createReplyMessage } from './client/request-reply.js';
export type { SendResult } from './client/send-result.js';
export { LocalTransactionState, type TransactionListener, type TransactionSendResult } from './client/transaction.js';
export type { SessionCredentials } from './protocol/acl-signature.js';
export { RemotingCommandError } from './protocol/errors.js';
export {
  createMessage,
  delayLevel,
  type HostAddress,
  type Message,
  type MessageExt,
  type MessageOptions,
  messageKeys,
  messageTags,
  uniqKey,
} from './protocol/message.js';
export { MessageProperty } from './protocol/message-property.js';
export type { MessageQueue } from './protocol/message-queue.js';
export { RequestCode } from './protocol/request-code.js';
export { ResponseCode, responseCodeName } from './protocol/response-code.js';
export {
  RemotingConnectError,
  RemotingError,
  RemotingSendRequestError,
  RemotingTimeoutError,
  RemotingTooMuchRequestError,
} from './remoting/errors.js';
export type { Sandbox, SandboxOptions, SandboxTopic } from './runtime/sandbox.js';
export type { BrokerFault, FaultSelection, SandboxFaults } from './runtime/sandbox-faults.js';
export { startSandbox } from './start-sandbox.js';
