import type { ConfigFile } from '../base/config-file.js';
import { errorText, MQError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';

/** What a table needs of its file. */
export type TableFile = Pick<ConfigFile, 'path' | 'load' | 'save'>;

/**
 * Reads one of the broker's tables. One that can not be read gives way to its `.bak`, or is begun anew without one: a
 * broker starts all the same. The broken file is kept beside it, and the log says what happened.
 *
 * @returns null if there is no file, or nothing that can be read of it
 * @throws MQError CONFIG naming the file, when it and its backup are there and neither can be read
 *
 * Source: common/ConfigManager.java#load
 */
export async function loadTable<T>(file: TableFile, decode: (body: Buffer) => T, logger: Logger): Promise<T | null> {
  try {
    return await file.load(
      (text) => decode(Buffer.from(text)),
      ({ path, keptAs, instead, error }) => {
        const fields = { path, keptAs, reason: errorText(error) };
        if (instead === 'backup') logger.error(fields, 'a table can not be read: its .bak takes its place');
        else logger.error(fields, 'a table can not be read and has no .bak: it begins anew, without what was in it');
      },
    );
  } catch (error) {
    throw new MQError('CONFIG', `cannot read ${file.path}, nor its .bak`, { cause: error });
  }
}
