import {
  type AclInfo,
  decodeAclInfo,
  decodeAclInfoList,
  decodeUserInfo,
  decodeUserInfoList,
  encodeAclInfo,
  encodeUserInfo,
  type UserInfo,
} from '../../protocol/bodies.js';
import { encodeHeader, type HeaderOf } from '../../protocol/header-schema.js';
import {
  CreateAccessConfigRequestHeader,
  CreateAclRequestHeader,
  CreateUserRequestHeader,
  DeleteAccessConfigRequestHeader,
  DeleteAclRequestHeader,
  DeleteUserRequestHeader,
  GetAclRequestHeader,
  GetUserRequestHeader,
  ListAclsRequestHeader,
  ListUsersRequestHeader,
  UpdateAclRequestHeader,
  UpdateGlobalWhiteAddrsConfigRequestHeader,
  UpdateUserRequestHeader,
} from '../../protocol/headers.js';
import { RequestCode } from '../../protocol/request-code.js';
import type { CallOptions, Rpc } from '../rpc.js';

/**
 * Users and access rules of one broker: the auth module of 5.3+ (3001 - 3010), and ACL 1.0 of 4.x (50 - 54).
 *
 * Source: client/impl/MQClientAPIImpl.java; of tag rocketmq-all-4.9.8 for ACL 1.0
 */
export function authApi(rpc: Rpc) {
  return {
    /** 3001 */
    async createUser(addr: string, user: UserInfo, options?: CallOptions): Promise<void> {
      const header = encodeHeader(CreateUserRequestHeader, { username: user.username ?? undefined });
      await rpc.call(addr, { code: RequestCode.AUTH_CREATE_USER, header, body: encodeUserInfo(user) }, options);
    },

    /** 3002 */
    async updateUser(addr: string, user: UserInfo, options?: CallOptions): Promise<void> {
      const header = encodeHeader(UpdateUserRequestHeader, { username: user.username ?? undefined });
      await rpc.call(addr, { code: RequestCode.AUTH_UPDATE_USER, header, body: encodeUserInfo(user) }, options);
    },

    /** 3003 */
    async deleteUser(addr: string, username: string, options?: CallOptions): Promise<void> {
      const header = encodeHeader(DeleteUserRequestHeader, { username });
      await rpc.call(addr, { code: RequestCode.AUTH_DELETE_USER, header }, options);
    },

    /** 3004: null when there is no such user (an empty body). */
    async getUser(addr: string, username: string, options?: CallOptions): Promise<UserInfo | null> {
      const header = encodeHeader(GetUserRequestHeader, { username });
      const { body } = await rpc.call(addr, { code: RequestCode.AUTH_GET_USER, header }, options);
      return body === null ? null : decodeUserInfo(body);
    },

    /** 3005: users whose name contains `filter`; all without it. */
    async listUser(addr: string, filter?: string | null, options?: CallOptions): Promise<UserInfo[]> {
      const header = encodeHeader(ListUsersRequestHeader, { filter: filter ?? undefined });
      const { body } = await rpc.call(addr, { code: RequestCode.AUTH_LIST_USER, header }, options);
      return body === null ? [] : decodeUserInfoList(body);
    },

    /** 3006 */
    async createAcl(addr: string, acl: AclInfo, options?: CallOptions): Promise<void> {
      const header = encodeHeader(CreateAclRequestHeader, { subject: acl.subject ?? undefined });
      await rpc.call(addr, { code: RequestCode.AUTH_CREATE_ACL, header, body: encodeAclInfo(acl) }, options);
    },

    /** 3007 */
    async updateAcl(addr: string, acl: AclInfo, options?: CallOptions): Promise<void> {
      const header = encodeHeader(UpdateAclRequestHeader, { subject: acl.subject ?? undefined });
      await rpc.call(addr, { code: RequestCode.AUTH_UPDATE_ACL, header, body: encodeAclInfo(acl) }, options);
    },

    /** 3008: without `resource` everything of the subject. */
    async deleteAcl(
      addr: string,
      values: HeaderOf<typeof DeleteAclRequestHeader>,
      options?: CallOptions,
    ): Promise<void> {
      const header = encodeHeader(DeleteAclRequestHeader, values);
      await rpc.call(addr, { code: RequestCode.AUTH_DELETE_ACL, header }, options);
    },

    /** 3009: null when the subject has no rules (an empty body). */
    async getAcl(addr: string, subject: string, options?: CallOptions): Promise<AclInfo | null> {
      const header = encodeHeader(GetAclRequestHeader, { subject });
      const { body } = await rpc.call(addr, { code: RequestCode.AUTH_GET_ACL, header }, options);
      return body === null ? null : decodeAclInfo(body);
    },

    /** 3010 */
    async listAcl(
      addr: string,
      filters: HeaderOf<typeof ListAclsRequestHeader> = {},
      options?: CallOptions,
    ): Promise<AclInfo[]> {
      const header = encodeHeader(ListAclsRequestHeader, filters);
      const { body } = await rpc.call(addr, { code: RequestCode.AUTH_LIST_ACL, header }, options);
      return body === null ? [] : decodeAclInfoList(body);
    },

    /** 50 (4.x) */
    async createPlainAccessConfig(
      addr: string,
      values: HeaderOf<typeof CreateAccessConfigRequestHeader>,
      options?: CallOptions,
    ): Promise<void> {
      const header = encodeHeader(CreateAccessConfigRequestHeader, values);
      await rpc.call(addr, { code: RequestCode.UPDATE_AND_CREATE_ACL_CONFIG, header }, options);
    },

    /** 51 (4.x) */
    async deleteAccessConfig(addr: string, accessKey: string, options?: CallOptions): Promise<void> {
      const header = encodeHeader(DeleteAccessConfigRequestHeader, { accessKey });
      await rpc.call(addr, { code: RequestCode.DELETE_ACL_CONFIG, header }, options);
    },

    /** 53 (4.x) */
    async updateGlobalWhiteAddrsConfig(
      addr: string,
      values: HeaderOf<typeof UpdateGlobalWhiteAddrsConfigRequestHeader>,
      options?: CallOptions,
    ): Promise<void> {
      const header = encodeHeader(UpdateGlobalWhiteAddrsConfigRequestHeader, values);
      await rpc.call(addr, { code: RequestCode.UPDATE_GLOBAL_WHITE_ADDRS_CONFIG, header }, options);
    },

    /** 52 (4.x): the version fields of the broker's plain_acl.yml as they came. */
    async getBrokerClusterAclInfo(addr: string, options?: CallOptions): Promise<Readonly<Record<string, string>>> {
      return (await rpc.call(addr, { code: RequestCode.GET_BROKER_CLUSTER_ACL_INFO }, options)).extFields ?? {};
    },
  };
}
