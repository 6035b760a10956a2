import { type FileHandle, open } from 'node:fs/promises';
import type { MessageExt } from '../protocol/message.js';
import { decodeMessage } from '../protocol/message-codec.js';
import { AdminError } from './failure.js';

const SIZE_BYTES = 4;

/**
 * The messages of a compaction log file, or of any file of commit log records, one by one. The end is where no whole
 * record follows: files are allocated ahead.
 *
 * @throws AdminError (not-found) when there is no such file, (failed) when it is none or a record does not decode
 * Source: tools/command/message/DumpCompactionLogCommand.java
 */
export async function* logMessages(path: string): AsyncGenerator<MessageExt, void, undefined> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    for (let filePosition = 0; filePosition + SIZE_BYTES <= size; ) {
      const head = await readAt(file, filePosition, SIZE_BYTES);
      const recordBytes = head.readInt32BE(0);
      if (recordBytes <= SIZE_BYTES || filePosition + recordBytes > size) return;
      yield decode(await readAt(file, filePosition, recordBytes), path, filePosition);
      filePosition += recordBytes;
    }
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r');
    if (!(await file.stat()).isDirectory()) return file;
    await file.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new AdminError('not-found', `file ${path} not exist.`, { cause: error });
    }
    throw new AdminError('failed', (error as Error).message, { cause: error });
  }
  throw new AdminError('usage', `file ${path} is a directory.`);
}

async function readAt(file: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(bytes), 0, bytes, position);
  return buffer.subarray(0, bytesRead);
}

function decode(record: Buffer, path: string, filePosition: number): MessageExt {
  try {
    return decodeMessage(record, 0, { decompress: false });
  } catch (error) {
    throw new AdminError('failed', `${path} at ${filePosition}: ${(error as Error).message}`, { cause: error });
  }
}
