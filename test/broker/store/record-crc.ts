import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import test from 'ava';
import { decodeMessage } from '../../../src/protocol/message-codec.js';
import { openStore, put, putOf, readBodies } from '../../helper/store.js';

const config = { enabledAppendPropCRC: true, forceVerifyPropCRC: true };

test('a record ends with the CRC of all before it, its last digit first', async (t) => {
  const { store } = await openStore(t, { config });
  const { physicalOffset } = put(t, store, putOf('orders', 0, 'x', { properties: { TAGS: 'A', '__CRC32#': 'old' } }));
  const record = (await store.lookMessage(physicalOffset)) as Buffer;
  const digits = String(crc32(record.subarray(0, -20)) & 0x7fffffff)
    .split('')
    .reverse()
    .join('')
    .padEnd(10, '0');
  t.is(record.subarray(-20).toString('latin1'), `__CRC32#\u0001${digits}\u0002`);
  t.deepEqual([...decodeMessage(record).properties.keys()].sort(), ['TAGS', '__CRC32#']);
});

test('records of a batch have one each, and a text that ends open is closed before it', async (t) => {
  const { store } = await openStore(t, { config });
  const common = putOf('orders', 0, '');
  const records = ['a', 'b'].map((body) => ({ flag: 0, body: Buffer.from(body), propertiesText: 'TAGS\u0001A' }));
  for (const { physicalOffset } of store.putBatch(common, records, 'CLUSTER\u0001c\u0002')) {
    store.commitTurn();
    const properties = decodeMessage((await store.lookMessage(physicalOffset)) as Buffer).properties;
    t.deepEqual([...properties.keys()], ['TAGS', 'CLUSTER', '__CRC32#']);
  }
  const open = put(t, store, putOf('orders', 0, 'x', { propertiesText: 'TAGS\u0001A' }));
  const message = decodeMessage((await store.lookMessage(open.physicalOffset)) as Buffer);
  t.is(message.properties.get('TAGS'), 'A');
});

test('recovery checks it: a changed property ends the log, and so does a record without one', async (t) => {
  const opened = await openStore(t, { config });
  put(t, opened.store, putOf('orders', 0, 'good', { properties: { TAGS: 'A' } }));
  const { physicalOffset, size } = put(t, opened.store, putOf('orders', 0, 'bad', { properties: { TAGS: 'A' } }));
  await opened.store.shutdown();
  const fd = openSync(join(opened.folder, 'commitlog/00000000000000000000'), 'r+');
  writeSync(fd, Buffer.from('B'), 0, 1, physicalOffset + size - 22);
  writeSync(openSync(join(opened.folder, 'abort'), 'w'), '1');
  const { store } = await openStore(t, { folder: opened.folder, config });
  t.deepEqual(await readBodies(store, 'orders', 0), ['good']);

  const plain = await openStore(t);
  put(t, plain.store, putOf('orders', 0, 'plain'));
  await plain.store.shutdown();
  writeSync(openSync(join(plain.folder, 'abort'), 'w'), '1');
  const strict = await openStore(t, { folder: plain.folder, config });
  t.is(strict.store.maxOffset('orders', 0), 0);
});
