import test from 'ava';
import fc from 'fast-check';
import { SendReplyWriter } from '../../src/broker/hot-send-reply.js';
import { decodeFrame, type SerializeType } from '../../src/protocol/remoting-command.js';

const fields = { regionId: 'DefaultRegion', traceOn: true, storeHostHex: '7F00000100002A9F' };

const decodes = test.macro((t, serializeType: SerializeType) => {
  const writer = new SendReplyWriter(fields, serializeType);
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.nat(0x7fffffff),
          fc.nat(100_000),
          fc.nat(Number.MAX_SAFE_INTEGER),
          fc.nat(Number.MAX_SAFE_INTEGER),
          fc.integer({ min: 1, max: 40 }),
        ),
        { minLength: 1, maxLength: 8 },
      ),
      (sends) => {
        const target = Buffer.alloc(sends.length * (writer.maxBytes + 40) + 3);
        const id = Buffer.from('C000020274813094 6E096C8A3B4C0001AAAABBBB'.replace(' ', ''));
        let end = 3;
        const starts: number[] = [];
        for (const [opaque, queueId, queueOffset, physicalOffset, idBytes] of sends) {
          starts.push(end);
          const next = writer.write(target, end, opaque, queueId, queueOffset, physicalOffset, id, 0, idBytes);
          t.true(next - end <= writer.maxBytes + idBytes);
          end = next;
        }
        starts.push(end);
        sends.forEach(([opaque, queueId, queueOffset, physicalOffset, idBytes], i) => {
          const command = decodeFrame(target, starts[i] as number, starts[i + 1] as number);
          t.is(command.code, 0);
          t.is(command.serializeType, serializeType);
          t.is(command.flag, 1);
          t.is(command.opaque, opaque);
          t.is(command.body, null);
          t.deepEqual(
            { ...command.extFields },
            {
              msgId: `7F00000100002A9F${physicalOffset.toString(16).toUpperCase().padStart(16, '0')}`,
              queueId: String(queueId),
              queueOffset: String(queueOffset),
              transactionId: id.toString('latin1', 0, idBytes),
              MSG_REGION: 'DefaultRegion',
              TRACE_ON: 'true',
            },
          );
        });
      },
    ),
  );
});

test('a patched image decodes to the fields that were asked for', decodes, 'JSON');
test('a patched binary image does, too', decodes, 'ROCKETMQ');
