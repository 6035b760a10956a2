/**
 * Limits for groups that read old messages: UPDATE_COLD_DATA_FLOW_CTR_CONFIG 2001, REMOVE_COLD_DATA_FLOW_CTR_CONFIG
 * 2002, GET_COLD_DATA_FLOW_CTR_INFO 2003; and SET_COMMITLOG_READ_MODE 2004.
 *
 * As in Apache they live as long as the broker, and are kept and shown whether coldDataFlowControlEnable is on or not.
 * This broker does not hold readers back by them: it does not look into the page cache, so no read counts as cold.
 *
 * Source: broker/processor/AdminBrokerProcessor.java, broker/coldctr/ColdDataCgCtrService.java.
 */
import { parseProperties } from '../../base/java-properties.js';
import { stringifyFastjson } from '../../protocol/fastjson.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { BrokerContext, Handlers } from '../context.js';

/** Groups with a limit of their own; more are refused, so that nobody can fill the memory with names. */
const MAX_GROUPS = 10_000;
const READ_AHEAD_MODE = 'READ_AHEAD_MODE';
/** The two advices to the kernel that may be given, as madvise(2) numbers them. */
const MADV_NORMAL = '0';
const MADV_RANDOM = '1';

/** A Java long in decimal that a number holds exactly, or null. */
function threshold(text: string): number | null {
  const value = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

function updateLimits(context: BrokerContext, limits: Map<string, number>, request: RemotingCommand): RemotingCommand {
  const { values } = parseProperties(request.body?.toString('utf8') ?? '');
  for (const [group, text] of Object.entries(values)) {
    const bytes = threshold(text);
    if (bytes === null || (!limits.has(group) && limits.size >= MAX_GROUPS)) {
      // Apache skips what does not fit and answers success as well.
      context.logger.warn({ group, threshold: text }, 'limit for cold data not taken');
    } else limits.set(group, bytes);
  }
  return createResponse(request, ResponseCode.SUCCESS);
}

function removeLimit(limits: Map<string, number>, request: RemotingCommand): RemotingCommand {
  if (request.body !== null) limits.delete(request.body.toString('utf8'));
  return createResponse(request, ResponseCode.SUCCESS);
}

function getInfo({ config }: BrokerContext, limits: ReadonlyMap<string, number>, request: RemotingCommand) {
  const text = stringifyFastjson({
    runtimeTable: {},
    configTable: Object.fromEntries(limits),
    cgColdReadThreshold: config.cgColdReadThreshold,
    globalColdReadThreshold: config.globalColdReadThreshold,
    globalAcc: 0,
  });
  return createResponse(request, ResponseCode.SUCCESS, null, null, Buffer.from(text));
}

function setReadMode({ config, logger }: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { extFields } = request;
  if (extFields === null) {
    return createResponse(request, ResponseCode.SYSTEM_ERROR, 'set commitlog readahead mode param error');
  }
  const mode = extFields[READ_AHEAD_MODE];
  if (mode === undefined || !/^[+-]?\d{1,9}$/.test(mode)) {
    return createResponse(request, ResponseCode.SYSTEM_ERROR, 'set commitlog readahead mode failed');
  }
  const number = String(Number(mode));
  if (number !== MADV_NORMAL && number !== MADV_RANDOM) {
    return createResponse(request, ResponseCode.INVALID_PARAMETER, 'set commitlog readahead mode param value error');
  }
  config.dataReadAheadEnable = number === MADV_NORMAL;
  logger.info({ mode: number }, 'read-ahead mode noted: the commit log is read by position, the kernel decides');
  return createResponse(request, ResponseCode.SUCCESS, `set commitlog readahead mode success, mode: ${number}`);
}

/** Handlers of cold data. */
export function coldDataHandlers(context: BrokerContext): Handlers {
  /** Bytes by group. */
  const limits = new Map<string, number>();
  return [
    [RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG, (request) => updateLimits(context, limits, request)],
    [RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG, (request) => removeLimit(limits, request)],
    [RequestCode.GET_COLD_DATA_FLOW_CTR_INFO, (request) => getInfo(context, limits, request)],
    [RequestCode.SET_COMMITLOG_READ_MODE, (request) => setReadMode(context, request)],
  ];
}
