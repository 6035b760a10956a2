/**
 * GET_TIMER_CHECK_POINT 60 and GET_TIMER_METRICS 61.
 *
 * Source: broker/processor/AdminBrokerProcessor.java.
 */
import { createResponse } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { Handlers } from '../context.js';
import type { TimerService } from '../timer-service.js';

/** Handlers of the timer's administration. @param timer null when the timer wheel is off */
export function timerAdminHandlers(timer: TimerService | null): Handlers {
  return [
    [
      RequestCode.GET_TIMER_CHECK_POINT,
      (request) =>
        timer
          ? createResponse(request, ResponseCode.SUCCESS, null, null, timer.checkpointBytes())
          : createResponse(request, ResponseCode.SYSTEM_ERROR, 'The checkpoint is null'),
    ],
    [
      RequestCode.GET_TIMER_METRICS,
      (request) =>
        timer
          ? createResponse(request, ResponseCode.SUCCESS, null, null, timer.metrics.encode())
          : createResponse(request, ResponseCode.SYSTEM_ERROR, 'The timer message store is null'),
    ],
  ];
}
