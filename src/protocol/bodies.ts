/**
 * Every JSON body of the remoting protocol: its type, its encoder and its decoder.
 *
 * `encodeX` gives a new buffer of UTF-8 text in fastjson's plain form, and throws RemotingCommandError if a number
 * does not fit its Java type. `decodeX` throws RemotingCommandError if there is no body, it does not parse, a
 * required value is missing or a value does not fit; it keeps nothing of the buffer. `formatX` gives the text of the
 * broker's config file. An int64 is a `number`; ±Number.MAX_SAFE_INTEGER stands for the limits of a Java long.
 */

export * from './bodies/auth.js';
export * from './bodies/consumer.js';
export * from './bodies/controller.js';
export * from './bodies/heartbeat.js';
export * from './bodies/offset.js';
export * from './bodies/pop-records.js';
export * from './bodies/register-broker.js';
export * from './bodies/route.js';
export * from './bodies/static-topic.js';
export * from './bodies/subscription-group.js';
export * from './bodies/topic.js';
export type { MessageQueue } from './message-queue.js';
