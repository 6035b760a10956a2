/**
 * Response codes of the remoting protocol.
 *
 * Source: remoting/.../protocol/ResponseCode.java, RemotingSysResponseCode.java. Some codes of
 * 4.9 share their number with one of 5.x: both names are here, and the 5.x name is the one printed.
 */
export const ResponseCode = {
  /** internal RPC: timed out */
  RPC_TIME_OUT: -1006,
  /** internal RPC: could not write */
  RPC_SEND_TO_CHANNEL_FAILED: -1004,
  /** internal RPC: target address unknown */
  RPC_ADDR_IS_NULL: -1002,
  /** internal broker-to-broker RPC failure, unclassified (negative codes are local, not for the wire) */
  RPC_UNKNOWN: -1000,
  /** request done */
  SUCCESS: 0,
  /** generic failure, remark holds the text; also what a response carries until a handler sets a code */
  SYSTEM_ERROR: 1,
  /** flow control: processor rejects, thread pool full, or request waited too long in queue (remarks start [REJECTREQUEST] [OVERLOAD] [TIMEOUT_CLEAN_QUEUE] [PCBUSY_CLEAN_QUEUE]); retriable */
  SYSTEM_BUSY: 2,
  /** nobody handles this request code here */
  REQUEST_CODE_NOT_SUPPORTED: 3,
  /** legacy transaction failure; no live use */
  TRANSACTION_FAILED: 4,
  /** send stored but sync flush did not finish in time; client maps to a send status, not to an exception */
  FLUSH_DISK_TIMEOUT: 10,
  /** send stored but no in-sync replica reachable; send status */
  SLAVE_NOT_AVAILABLE: 11,
  /** send stored but replica ack timed out; send status */
  FLUSH_SLAVE_TIMEOUT: 12,
  /** message or parameters break a rule (size, properties length, queueId out of range) */
  MESSAGE_ILLEGAL: 13,
  /** store not writable, shutting down, or clock/page-cache problem; retriable elsewhere */
  SERVICE_NOT_AVAILABLE: 14,
  /** peer version cannot do this */
  VERSION_NOT_SUPPORTED: 15,
  /** broker/topic/group permission or ACL/auth rejects, or config key black-listed */
  NO_PERMISSION: 16,
  /** topic unknown on broker (or no route in name server) */
  TOPIC_NOT_EXIST: 17,
  /** topic already there; no live use */
  TOPIC_EXIST_ALREADY: 18,
  /** pull/pop: no new message at this offset */
  PULL_NOT_FOUND: 19,
  /** pull: filter dropped everything scanned, continue from nextBeginOffset at once */
  PULL_RETRY_IMMEDIATELY: 20,
  /** pull: asked offset is outside the queue range, continue from nextBeginOffset */
  PULL_OFFSET_MOVED: 21,
  /** nothing found (message query, consumer offset, kv config) */
  QUERY_NOT_FOUND: 22,
  /** bad filter expression */
  SUBSCRIPTION_PARSE_FAILED: 23,
  /** consumer group has no subscription for this topic on this broker */
  SUBSCRIPTION_NOT_EXIST: 24,
  /** broker copy of the subscription is older than subVersion of the request; retry after heartbeat */
  SUBSCRIPTION_NOT_LATEST: 25,
  /** subscription group not configured */
  SUBSCRIPTION_GROUP_NOT_EXIST: 26,
  /** no compiled filter for this group/topic */
  FILTER_DATA_NOT_EXIST: 27,
  /** compiled filter older than subVersion */
  FILTER_DATA_NOT_LATEST: 28,
  /** illegal argument (topic/group name, attributes) */
  INVALID_PARAMETER: 29,
  /** legacy transaction verdict */
  TRANSACTION_SHOULD_COMMIT: 200,
  /** legacy transaction verdict */
  TRANSACTION_SHOULD_ROLLBACK: 201,
  /** legacy transaction verdict */
  TRANSACTION_STATE_UNKNOW: 202,
  /** legacy transaction verdict */
  TRANSACTION_STATE_GROUP_WRONG: 203,
  /** legacy; retried by producer */
  NO_BUYER_ID: 204,
  /** legacy unitization; retried by producer */
  NOT_IN_CURRENT_UNIT: 205,
  /** no live consumer connection for the group */
  CONSUMER_NOT_ONLINE: 206,
  /** broker relayed a call to a consumer and got no answer in time */
  CONSUME_MSG_TIMEOUT: 207,
  /** ack/peek: nothing there or offset out of range */
  NO_MESSAGE: 208,
  /** ACL 1.0 change failed (4.9 meaning of 209; reused in 5.x) */
  UPDATE_AND_CREATE_ACL_CONFIG_FAILED: 209,
  /** pop/notification long-poll table is full */
  POLLING_FULL: 209,
  /** pop/notification arrived too late to be parked or poll expired */
  POLLING_TIMEOUT: 210,
  /** ACL 1.0 delete failed (4.9 meaning of 210) */
  DELETE_ACL_CONFIG_FAILED: 210,
  /** broker container does not hold that broker */
  BROKER_NOT_EXIST: 211,
  /** ACL 1.0 white list change failed (4.9 meaning of 211) */
  UPDATE_GLOBAL_WHITE_ADDRS_CONFIG_FAILED: 211,
  /** broker still dispatching after start/role change */
  BROKER_DISPATCH_NOT_COMPLETE: 212,
  /** operation is not allowed on a broadcasting group */
  BROADCAST_CONSUMPTION: 213,
  /** explicit flow control */
  FLOW_CONTROL: 215,
  /** static topic: this broker does not lead the logical queue; refresh route */
  NOT_LEADER_FOR_QUEUE: 501,
  /** operation not permitted in this state (e.g. recall of a non-delay message) */
  ILLEGAL_OPERATION: 604,
  /** server is draining; reconnect and resend on a new connection (only sent to callers with version > V5_3_1) */
  GO_AWAY: 1500,
  /** stale master epoch */
  CONTROLLER_FENCED_MASTER_EPOCH: 2000,
  /** stale in-sync-set epoch */
  CONTROLLER_FENCED_SYNC_STATE_SET_EPOCH: 2001,
  /** caller is not the master on record */
  CONTROLLER_INVALID_MASTER: 2002,
  /** in-sync set names unknown replicas */
  CONTROLLER_INVALID_REPLICAS: 2003,
  /** no master elected */
  CONTROLLER_MASTER_NOT_AVAILABLE: 2004,
  /** malformed controller request */
  CONTROLLER_INVALID_REQUEST: 2005,
  /** named broker has no live heartbeat */
  CONTROLLER_BROKER_NOT_ALIVE: 2006,
  /** this controller is not the leader; ask 1005 for the leader address */
  CONTROLLER_NOT_LEADER: 2007,
  /** broker set unknown to the controller */
  CONTROLLER_BROKER_METADATA_NOT_EXIST: 2008,
  /** refused cleaning of broker metadata */
  CONTROLLER_INVALID_CLEAN_BROKER_METADATA: 2009,
  /** broker must register first */
  CONTROLLER_BROKER_NEED_TO_BE_REGISTERED: 2010,
  /** election not needed, current master returned (header and body filled) */
  CONTROLLER_MASTER_STILL_EXIST: 2011,
  /** election found no candidate */
  CONTROLLER_ELECT_MASTER_FAILED: 2012,
  /** in-sync-set change refused */
  CONTROLLER_ALTER_SYNC_STATE_SET_FAILED: 2013,
  /** asked broker id not assignable */
  CONTROLLER_BROKER_ID_INVALID: 2014,
  /** JRaft apply failed */
  CONTROLLER_JRAFT_INTERNAL_ERROR: 2015,
  /** no live info for the broker */
  CONTROLLER_BROKER_LIVE_INFO_NOT_EXISTS: 2016,
  /** auth: user unknown */
  USER_NOT_EXIST: 3001,
  /** auth: policy unknown */
  POLICY_NOT_EXIST: 3002,
} as const;

export type ResponseCodeName = keyof typeof ResponseCode;

const NAMES = new Map<number, string>();
for (const [name, code] of Object.entries(ResponseCode)) {
  if (!NAMES.has(code)) NAMES.set(code, name);
}

/** `TOPIC_NOT_EXIST` for 17, the name of the 5.x line where it has another; the number as text for an unknown code. */
export function responseCodeName(code: number): string {
  return NAMES.get(code) ?? String(code);
}
