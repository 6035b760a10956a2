/** Users and access control lists. Source: remoting/.../protocol/body/UserInfo.java, AclInfo.java (5.3) */
import { bean, bodyCodec, type JsonOf, listOf, optional, text } from './schema.js';

const userInfoType = bean('UserInfo', {
  username: optional(text()),
  password: optional(text()),
  /** `Super` or `Normal`. */
  userType: optional(text()),
  /** `enable` or `disable`. */
  userStatus: optional(text()),
});

/** Body of 3001, 3002 and 3004. Of 3001 and 3002 the name in the header counts. */
export interface UserInfo extends JsonOf<typeof userInfoType> {}

export const { encode: encodeUserInfo, decode: decodeUserInfo } = bodyCodec('UserInfo', userInfoType);

/** Answer to 3005. */
export const { encode: encodeUserInfoList, decode: decodeUserInfoList } = bodyCodec(
  'UserInfo list',
  listOf(userInfoType),
);

const policyEntryInfoType = bean('PolicyEntryInfo', {
  /** `Topic:orders`, `Topic:ord*`, `Group:*`, `Cluster:c1`, `*` */
  resource: optional(text()),
  /** Pub, Sub, Create, Update, Delete, Get, List, All */
  actions: optional(listOf(text())),
  /** Addresses or CIDR ranges. */
  sourceIps: optional(listOf(text())),
  /** `Allow` or `Deny`. */
  decision: optional(text()),
});

/** Who may do what with one resource. */
export interface PolicyEntryInfo extends JsonOf<typeof policyEntryInfoType> {}

const policyInfoType = bean('PolicyInfo', {
  /** `Custom` or `Default`. */
  policyType: optional(text()),
  entries: optional(listOf(policyEntryInfoType)),
});

/** Entries of one kind of policy. */
export interface PolicyInfo extends JsonOf<typeof policyInfoType> {}

const aclInfoType = bean('AclInfo', {
  /** `User:alice` */
  subject: optional(text()),
  policies: optional(listOf(policyInfoType)),
});

/** Body of 3006, 3007 and 3009. */
export interface AclInfo extends JsonOf<typeof aclInfoType> {}

export const { encode: encodeAclInfo, decode: decodeAclInfo } = bodyCodec('AclInfo', aclInfoType);

/** Answer to 3010. */
export const { encode: encodeAclInfoList, decode: decodeAclInfoList } = bodyCodec('AclInfo list', listOf(aclInfoType));
