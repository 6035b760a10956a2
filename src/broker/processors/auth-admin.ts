/**
 * Users and their access rules: AUTH_CREATE_USER 3001 to AUTH_LIST_ACL 3010.
 *
 * Source: broker/processor/AdminBrokerProcessor.java#createUser to #listAcl
 */
import { ACCESS_KEY } from '../../protocol/acl-signature.js';
import {
  type AclInfo,
  decodeAclInfo,
  decodeUserInfo,
  encodeAclInfo,
  encodeAclInfoList,
  encodeUserInfo,
  encodeUserInfoList,
} from '../../protocol/bodies.js';
import { decodeHeader } from '../../protocol/header-schema.js';
import {
  CreateAclRequestHeader,
  CreateUserRequestHeader,
  DeleteAclRequestHeader,
  DeleteUserRequestHeader,
  GetAclRequestHeader,
  GetUserRequestHeader,
  ListAclsRequestHeader,
  ListUsersRequestHeader,
  UpdateAclRequestHeader,
  UpdateUserRequestHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { RequestProcessor } from '../../remoting/server.js';
import { POLICY_TYPES, parseResource, wordOf } from '../auth/access-rules.js';
import type { AuthService } from '../auth/auth-service.js';
import { userChangeOf, usernameOf } from '../auth/auth-table.js';
import type { Handlers } from '../context.js';

const SYSTEM_ERROR_REMARK = 'An system error occurred, please try again later.';
const NO_BODY_REMARK =
  'org.apache.rocketmq.auth.authorization.exception.AuthorizationException: The body of acl is null';

function denied(request: RemotingCommand, remark: string): RemotingCommand {
  return createResponse(request, ResponseCode.NO_PERMISSION, remark);
}

function failed(request: RemotingCommand, remark = SYSTEM_ERROR_REMARK): RemotingCommand {
  return createResponse(request, ResponseCode.SYSTEM_ERROR, remark);
}

/** Without an access key nobody is checked; else only a super user may touch super users. */
function mayTouchSuperUsers(service: AuthService, request: RemotingCommand): boolean {
  const accessKey = request.extFields?.[ACCESS_KEY];
  return !accessKey || service.table.user(accessKey)?.userType === 'Super';
}

/** Answers a change once it is on disk. */
async function changed(
  service: AuthService,
  request: RemotingCommand,
  problem: string | null,
): Promise<RemotingCommand> {
  if (problem !== null) return denied(request, problem);
  await service.save();
  return createResponse(request, ResponseCode.SUCCESS);
}

function blankName(request: RemotingCommand): RemotingCommand {
  return createResponse(request, ResponseCode.INVALID_PARAMETER, 'The username is blank');
}

async function createUser(service: AuthService, request: RemotingCommand): Promise<RemotingCommand> {
  const { username } = decodeHeader(CreateUserRequestHeader, request.extFields);
  if (!username) return blankName(request);
  const change = userChangeOf(decodeUserInfo(request.body));
  if (change.userType === 'Super' && !mayTouchSuperUsers(service, request)) {
    return failed(request, 'The super user can only be create by super user');
  }
  return changed(service, request, service.table.createUser(username, change));
}

async function updateUser(service: AuthService, request: RemotingCommand): Promise<RemotingCommand> {
  const { username } = decodeHeader(UpdateUserRequestHeader, request.extFields);
  if (!username) return blankName(request);
  const change = userChangeOf(decodeUserInfo(request.body));
  const superRemark = 'The super user can only be update by super user';
  const mayTouch = mayTouchSuperUsers(service, request);
  if (change.userType === 'Super' && !mayTouch) return failed(request, superRemark);
  if (service.table.user(username)?.userType === 'Super' && !mayTouch) return denied(request, superRemark);
  return changed(service, request, service.table.updateUser(username, change));
}

async function deleteUser(service: AuthService, request: RemotingCommand): Promise<RemotingCommand> {
  const { username } = decodeHeader(DeleteUserRequestHeader, request.extFields);
  if (!username?.trim()) return denied(request, 'username can not be blank');
  const user = service.table.user(username);
  if (user === null) return createResponse(request, ResponseCode.SUCCESS);
  if (user.userType === 'Super' && !mayTouchSuperUsers(service, request)) {
    return denied(request, 'The super user can only be update by super user');
  }
  service.table.deleteUser(username);
  return changed(service, request, null);
}

function getUser(service: AuthService, request: RemotingCommand): RemotingCommand {
  const { username } = decodeHeader(GetUserRequestHeader, request.extFields);
  if (!username?.trim()) return blankName(request);
  const user = service.table.user(username);
  return createResponse(request, ResponseCode.SUCCESS, null, null, user === null ? null : encodeUserInfo(user));
}

function listUser(service: AuthService, request: RemotingCommand): RemotingCommand {
  const { filter } = decodeHeader(ListUsersRequestHeader, request.extFields);
  const users = service.table.listUsers(filter ?? null);
  return createResponse(
    request,
    ResponseCode.SUCCESS,
    null,
    null,
    users.length === 0 ? null : encodeUserInfoList(users),
  );
}

/** Creating and updating are one thing to Apache: both merge. */
async function putAcl(
  service: AuthService,
  request: RemotingCommand,
  headerSubject: string | undefined,
): Promise<RemotingCommand> {
  const info: AclInfo | null = request.body === null ? null : decodeAclInfo(request.body);
  if (!info?.policies?.length) return failed(request, NO_BODY_REMARK);
  const username = usernameOf(info.subject) ?? usernameOf(headerSubject);
  if (username === null) return failed(request);
  return changed(service, request, service.table.putAcl(username, info));
}

async function deleteAcl(service: AuthService, request: RemotingCommand): Promise<RemotingCommand> {
  const { subject, policyType, resource } = decodeHeader(DeleteAclRequestHeader, request.extFields);
  const username = usernameOf(subject);
  if (username === null) return denied(request, 'The subject is null.');
  const type = wordOf(POLICY_TYPES, policyType) ?? 'Custom';
  return changed(service, request, service.table.deleteAcl(username, type, parseResource(resource)));
}

function getAcl(service: AuthService, request: RemotingCommand): RemotingCommand {
  const username = usernameOf(decodeHeader(GetAclRequestHeader, request.extFields).subject);
  if (username === null) return failed(request);
  if (service.table.user(username) === null) return denied(request, 'The subject is not exist.');
  const acl = service.table.acl(username);
  return createResponse(request, ResponseCode.SUCCESS, null, null, acl === null ? null : encodeAclInfo(acl));
}

function listAcl(service: AuthService, request: RemotingCommand): RemotingCommand {
  const { subjectFilter, resourceFilter } = decodeHeader(ListAclsRequestHeader, request.extFields);
  const acls = service.table.listAcls(subjectFilter ?? null, resourceFilter ?? null);
  return createResponse(request, ResponseCode.SUCCESS, null, null, acls.length === 0 ? null : encodeAclInfoList(acls));
}

/** @param service null for a broker that keeps no users: every request is refused in Apache's words */
export function authAdminHandlers(service: AuthService | null): Handlers {
  const serve =
    (
      serveRequest: (service: AuthService, request: RemotingCommand) => RemotingCommand | Promise<RemotingCommand>,
    ): RequestProcessor =>
    (request) =>
      service === null ? failed(request) : serveRequest(service, request);
  return [
    [RequestCode.AUTH_CREATE_USER, serve(createUser)],
    [RequestCode.AUTH_UPDATE_USER, serve(updateUser)],
    [RequestCode.AUTH_DELETE_USER, serve(deleteUser)],
    [RequestCode.AUTH_GET_USER, serve(getUser)],
    [RequestCode.AUTH_LIST_USER, serve(listUser)],
    [
      RequestCode.AUTH_CREATE_ACL,
      serve((s, request) => putAcl(s, request, decodeHeader(CreateAclRequestHeader, request.extFields).subject)),
    ],
    [
      RequestCode.AUTH_UPDATE_ACL,
      serve((s, request) => putAcl(s, request, decodeHeader(UpdateAclRequestHeader, request.extFields).subject)),
    ],
    [RequestCode.AUTH_DELETE_ACL, serve(deleteAcl)],
    [RequestCode.AUTH_GET_ACL, serve(getAcl)],
    [RequestCode.AUTH_LIST_ACL, serve(listAcl)],
  ];
}
