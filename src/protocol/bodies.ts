/** Every JSON body of the remoting protocol: its type, its encoder and its decoder. */

export * from './bodies/auth.js';
export * from './bodies/consumer.js';
export * from './bodies/controller.js';
export * from './bodies/heartbeat.js';
export * from './bodies/offset.js';
export * from './bodies/register-broker.js';
export * from './bodies/route.js';
export * from './bodies/static-topic.js';
export * from './bodies/subscription-group.js';
export * from './bodies/topic.js';
export type { MessageQueue } from './message-queue.js';
