/**
 * Accounts of ACL 1.0: UPDATE_AND_CREATE_ACL_CONFIG 50, DELETE_ACL_CONFIG 51, GET_BROKER_CLUSTER_ACL_INFO 52,
 * UPDATE_GLOBAL_WHITE_ADDRS_CONFIG 53, GET_BROKER_CLUSTER_ACL_CONFIG 54.
 *
 * Source: broker/processor/AdminBrokerProcessor.java (tags rocketmq-all-4.9.8 and, for 54, rocketmq-all-5.1.4)
 */
import { errorText, MQError } from '../../base/errors.js';
import { dataVersionToJson } from '../../protocol/bodies.js';
import type { DataVersion } from '../../protocol/data-version.js';
import { stringifyFastjson } from '../../protocol/fastjson.js';
import { decodeHeader, encodeHeader } from '../../protocol/header-schema.js';
import {
  CreateAccessConfigRequestHeader,
  DeleteAccessConfigRequestHeader,
  GetBrokerAclConfigResponseHeader,
  UpdateGlobalWhiteAddrsConfigRequestHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { AclFiles } from '../acl/acl-files.js';
import type { BrokerContext, Handlers } from '../context.js';

function split(text: string | undefined): string[] | null {
  return text === undefined ? null : text.split(',');
}

/** Answers a change: with `code` and `remark` where it changed nothing, with `code` and the reason where it is bad. */
async function answer(
  request: RemotingCommand,
  change: Promise<boolean>,
  code: number,
  remark: string,
): Promise<RemotingCommand> {
  try {
    const isDone = await change;
    return isDone ? createResponse(request, ResponseCode.SUCCESS) : createResponse(request, code, remark);
  } catch (error) {
    if (!(error instanceof MQError)) throw error;
    return createResponse(request, code, errorText(error));
  }
}

function updateAccount(files: AclFiles, request: RemotingCommand): Promise<RemotingCommand> {
  const header = decodeHeader(CreateAccessConfigRequestHeader, request.extFields);
  const { accessKey, secretKey, whiteRemoteAddress, admin, defaultTopicPerm, defaultGroupPerm } = header;
  const change = files.updateAccount({
    accessKey,
    secretKey: secretKey ?? null,
    whiteRemoteAddress: whiteRemoteAddress ?? null,
    admin: admin ?? false,
    defaultTopicPerm: defaultTopicPerm ?? null,
    defaultGroupPerm: defaultGroupPerm ?? null,
    topicPerms: split(header.topicPerms),
    groupPerms: split(header.groupPerms),
  });
  const remark = `The accesskey[${accessKey}] corresponding to accessConfig has been updated failed.`;
  return answer(request, change, ResponseCode.UPDATE_AND_CREATE_ACL_CONFIG_FAILED, remark);
}

function deleteAccount(files: AclFiles, request: RemotingCommand): Promise<RemotingCommand> {
  const { accessKey } = decodeHeader(DeleteAccessConfigRequestHeader, request.extFields);
  const remark = `The accesskey[${accessKey}] corresponding to accessConfig has been deleted failed.`;
  return answer(request, files.deleteAccount(accessKey), ResponseCode.DELETE_ACL_CONFIG_FAILED, remark);
}

function updateWhiteList(files: AclFiles, request: RemotingCommand): Promise<RemotingCommand> {
  const { aclFileFullPath = '', globalWhiteAddrs = '' } = request.extFields ?? {};
  const header = { aclFileFullPath, globalWhiteAddrs };
  decodeHeader(UpdateGlobalWhiteAddrsConfigRequestHeader, header);
  const change = files.updateGlobalWhiteList(globalWhiteAddrs.split(','), aclFileFullPath);
  const remark = `The globalWhiteAddresses[${globalWhiteAddrs}] has been updated failed.`;
  return answer(request, change, ResponseCode.UPDATE_GLOBAL_WHITE_ADDRS_CONFIG_FAILED, remark);
}

const NO_VERSION: DataVersion = { counter: 0, timestamp: 0, stateVersion: 0 };

function getVersions(context: BrokerContext, files: AclFiles, request: RemotingCommand): RemotingCommand {
  const { versions, mainFile } = files;
  const texts = [...versions].map(([file, version]) => `${stringifyFastjson(file)}:${dataVersionToJson(version)}`);
  const extFields = encodeHeader(GetBrokerAclConfigResponseHeader, {
    version: dataVersionToJson(versions.get(mainFile) ?? NO_VERSION),
    allAclFileVersion: `{${texts.join(',')}}`,
    brokerName: context.config.brokerName,
    brokerAddr: context.brokerAddr,
    clusterName: context.config.brokerClusterName,
  });
  return createResponse(request, ResponseCode.SUCCESS, null, extFields);
}

function getConfig(files: AclFiles, request: RemotingCommand): RemotingCommand {
  const { globalWhiteAddrs, plainAccessConfigs } = files.config;
  const accounts = plainAccessConfigs.map((config) =>
    Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null && value !== undefined)),
  );
  const body = Buffer.from(JSON.stringify({ globalWhiteAddrs, plainAccessConfigs: accounts }));
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

/** @param files null without aclEnable: these codes are then unknown, as to Apache's broker from 5.3.2 on */
export function aclAdminHandlers(context: BrokerContext, files: AclFiles | null): Handlers {
  if (files === null) return [];
  return [
    [RequestCode.UPDATE_AND_CREATE_ACL_CONFIG, (request) => updateAccount(files, request)],
    [RequestCode.DELETE_ACL_CONFIG, (request) => deleteAccount(files, request)],
    [RequestCode.GET_BROKER_CLUSTER_ACL_INFO, (request) => getVersions(context, files, request)],
    [RequestCode.UPDATE_GLOBAL_WHITE_ADDRS_CONFIG, (request) => updateWhiteList(files, request)],
    [RequestCode.GET_BROKER_CLUSTER_ACL_CONFIG, (request) => getConfig(files, request)],
  ];
}
