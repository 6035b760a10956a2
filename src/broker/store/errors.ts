import { MQError } from '../../base/errors.js';

/** Files that are not what the format says, in a way that recovery must not repair by itself. Names the file. */
export class StoreCorruptError extends MQError {
  constructor(message: string, options?: ErrorOptions) {
    super('STORE_CORRUPT', message, options);
  }
}

/** Another process has the folder open; `pid` is 0 when only the kernel's lock table shows it. */
export class StoreLockedError extends MQError {
  readonly pid: number;

  constructor(message: string, pid: number, options?: ErrorOptions) {
    super('STORE_LOCKED', message, options);
    this.pid = pid;
  }
}

/** The operating system refused a read or write of a store file; `cause` is its error. */
export class StoreIoError extends MQError {
  constructor(message: string, options?: ErrorOptions) {
    super('STORE_IO', message, options);
  }
}
