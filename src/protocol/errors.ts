import { MQError } from '../base/errors.js';

/** Bytes or values that are no remoting command, or a header that does not fit its class. */
export class RemotingCommandError extends MQError {
  constructor(message: string, options?: ErrorOptions) {
    super('REMOTING_COMMAND', message, options);
  }
}

/** Bytes that are no message, batch, property string or id. */
export class MessageFormatError extends MQError {
  constructor(message: string, options?: ErrorOptions) {
    super('MESSAGE_FORMAT', message, options);
  }
}
