/** Consumer groups as brokers keep them. Source: remoting/.../protocol/body, .../protocol/subscription */
import { dataVersionType } from '../data-version.js';
import { subscriptionGroupConfigType } from '../subscription-group-config.js';
import { subscriptionDataType } from './heartbeat.js';
import { bean, bodyCodec, boolean, emptyBean, int32, type JsonOf, listOf, optional, recordOf, text } from './schema.js';

/** Request of 200, answer to 352. */
export const { encode: encodeSubscriptionGroupConfig, decode: decodeSubscriptionGroupConfig } = bodyCodec(
  'SubscriptionGroupConfig',
  subscriptionGroupConfigType,
);

const subscriptionGroupListType = bean('SubscriptionGroupList', {
  groupConfigList: listOf(subscriptionGroupConfigType),
});

/** Request of 225. */
export interface SubscriptionGroupList extends JsonOf<typeof subscriptionGroupListType> {}

export const { encode: encodeSubscriptionGroupList, decode: decodeSubscriptionGroupList } = bodyCodec(
  'SubscriptionGroupList',
  subscriptionGroupListType,
);

const subscriptionGroupWrapperType = bean('SubscriptionGroupWrapper', {
  /** By group. */
  subscriptionGroupTable: recordOf(subscriptionGroupConfigType),
  /** 5.x: bits by group and topic; bit 2 set = the group may not read the topic. A 5.x slave fails without it. */
  forbiddenTable: recordOf(recordOf(int32())),
  dataVersion: emptyBean(dataVersionType),
});

/** All consumer groups of a broker. Answer to 201; also `subscriptionGroup.json`. */
export interface SubscriptionGroupWrapper extends JsonOf<typeof subscriptionGroupWrapperType> {}

export const {
  encode: encodeSubscriptionGroupWrapper,
  format: formatSubscriptionGroupWrapper,
  decode: decodeSubscriptionGroupWrapper,
} = bodyCodec('SubscriptionGroupWrapper', subscriptionGroupWrapperType);

const groupForbiddenType = bean('GroupForbidden', {
  group: text(''),
  topic: text(''),
  readable: optional(boolean()),
});

/** Answer to 353. */
export interface GroupForbidden extends JsonOf<typeof groupForbiddenType> {}

export const { encode: encodeGroupForbidden, decode: decodeGroupForbidden } = bodyCodec(
  'GroupForbidden',
  groupForbiddenType,
);

const querySubscriptionResponseBodyType = bean('QuerySubscriptionResponseBody', {
  group: text(''),
  topic: text(''),
  /** Absent when the group does not subscribe to the topic. */
  subscriptionData: optional(subscriptionDataType),
});

/** Answer to 345. */
export interface QuerySubscriptionResponseBody extends JsonOf<typeof querySubscriptionResponseBodyType> {}

export const { encode: encodeQuerySubscriptionResponseBody, decode: decodeQuerySubscriptionResponseBody } = bodyCodec(
  'QuerySubscriptionResponseBody',
  querySubscriptionResponseBodyType,
);
