import { formatProperties, parseProperties } from '../../base/java-properties.js';
import {
  type BrokerReplicasInfo,
  decodeBrokerReplicasInfo,
  decodeElectMasterResponseBody,
  type ElectMasterResponseBody,
} from '../../protocol/bodies.js';
import { stringifyFastjson } from '../../protocol/fastjson.js';
import { decodeHeader, encodeHeader, type HeaderOf } from '../../protocol/header-schema.js';
import {
  CleanControllerBrokerDataRequestHeader,
  ElectMasterRequestHeader,
  ElectMasterResponseHeader,
  GetMetaDataResponseHeader,
} from '../../protocol/headers.js';
import { RequestCode } from '../../protocol/request-code.js';
import type { CallOptions, Rpc } from '../rpc.js';

/**
 * Calls to one controller (5.x). `addr` is where the call goes: for the calls that only the leader answers,
 * take its address from getControllerMetaData first.
 *
 * Source: client/impl/MQClientAPIImpl.java
 */
export function controllerApi(rpc: Rpc) {
  return {
    /** 1005 */
    async getControllerMetaData(
      addr: string,
      options?: CallOptions,
    ): Promise<HeaderOf<typeof GetMetaDataResponseHeader>> {
      const response = await rpc.call(addr, { code: RequestCode.CONTROLLER_GET_METADATA_INFO }, options);
      return decodeHeader(GetMetaDataResponseHeader, response.extFields);
    },

    /** 1006, leader */
    async getInSyncStateData(
      addr: string,
      brokerNames: readonly string[],
      options?: CallOptions,
    ): Promise<BrokerReplicasInfo> {
      const body = Buffer.from(stringifyFastjson([...brokerNames]), 'utf8');
      const response = await rpc.call(addr, { code: RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, body }, options);
      return decodeBrokerReplicasInfo(response.body);
    },

    /** 1002, leader */
    async electMaster(
      addr: string,
      values: HeaderOf<typeof ElectMasterRequestHeader>,
      options?: CallOptions,
    ): Promise<{ header: HeaderOf<typeof ElectMasterResponseHeader>; body: ElectMasterResponseBody }> {
      const header = encodeHeader(ElectMasterRequestHeader, values);
      const response = await rpc.call(addr, { code: RequestCode.CONTROLLER_ELECT_MASTER, header }, options);
      return {
        header: decodeHeader(ElectMasterResponseHeader, response.extFields),
        body: decodeElectMasterResponseBody(response.body),
      };
    },

    /** 1011, leader */
    async cleanControllerBrokerData(
      addr: string,
      values: HeaderOf<typeof CleanControllerBrokerDataRequestHeader>,
      options?: CallOptions,
    ): Promise<void> {
      const header = encodeHeader(CleanControllerBrokerDataRequestHeader, values);
      await rpc.call(addr, { code: RequestCode.CLEAN_BROKER_DATA, header }, options);
    },

    /** 1010 */
    async getControllerConfig(addr: string, options?: CallOptions): Promise<Record<string, string>> {
      const response = await rpc.call(addr, { code: RequestCode.GET_CONTROLLER_CONFIG }, options);
      return parseProperties(response.body?.toString('utf8') ?? '').values;
    },

    /** 1009 */
    async updateControllerConfig(
      addr: string,
      properties: Record<string, string>,
      options?: CallOptions,
    ): Promise<void> {
      const body = Buffer.from(formatProperties(properties), 'utf8');
      await rpc.call(addr, { code: RequestCode.UPDATE_CONTROLLER_CONFIG, body }, options);
    },
  };
}
