import test from 'ava';
import fc from 'fast-check';
import { PullReplyWriter } from '../../src/broker/hot-pull-reply.js';
import { encodeHeader } from '../../src/protocol/header-schema.js';
import { PullMessageResponseHeader } from '../../src/protocol/headers.js';
import { createRequest, createResponse, encodeFrame, type SerializeType } from '../../src/protocol/remoting-command.js';

const same = test.macro((t, serializeType: SerializeType) => {
  const writer = new PullReplyWriter(2, 3, serializeType);
  // The greatest stands for the greatest of Java.
  const offset = fc.nat(Number.MAX_SAFE_INTEGER - 1);
  const answers = fc.array(fc.tuple(fc.nat(0x7fffffff), offset, offset, offset), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(answers, fc.nat(1000), (list, bodyBytes) => {
      for (const [opaque, nextBeginOffset, minOffset, maxOffset] of list) {
        const target = new Uint8Array(1000 + bodyBytes);
        target.fill(7, 1000);
        const start = writer.write(target, 1000, bodyBytes, opaque, nextBeginOffset, minOffset, maxOffset);
        const request = createRequest(11, null, null, { opaque, serializeType });
        const fields = { suggestWhichBrokerId: 0, nextBeginOffset, minOffset, maxOffset };
        const extFields = encodeHeader(PullMessageResponseHeader, { ...fields, topicSysFlag: 2, groupSysFlag: 3 });
        const body = Buffer.alloc(bodyBytes, 7);
        t.deepEqual(
          Buffer.from(target.subarray(start)),
          encodeFrame(createResponse(request, 0, 'FOUND', extFields, body)),
        );
      }
    }),
  );
});

test('a patched header is the one that is rendered', same, 'JSON');
test('a patched binary header is, too', same, 'ROCKETMQ');

test('a header that does not fit before the body is not written', (t) => {
  const target = new Uint8Array(100);
  t.is(new PullReplyWriter(0, 0, 'JSON').write(target, 100, 0, 1, 1, 1, 1), -1);
  t.true(target.every((byte) => byte === 0));
});
