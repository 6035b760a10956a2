import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { RemotingCommandError } from '../../src/protocol/errors.js';
import { binaryHeaderBytes, fitsBinaryHeader, writeBinaryHeader } from '../../src/protocol/header-binary.js';
import { LANGUAGE_NAMES } from '../../src/protocol/language-code.js';
import {
  createRequest,
  createResponse,
  decodeFrame,
  encodeFrame,
  isOneway,
  isResponse,
  MAX_FRAME_BYTES,
  markOneway,
  type RemotingCommand,
} from '../../src/protocol/remoting-command.js';
import {
  buildBinaryHeader,
  buildExtField,
  buildFrame,
  type FrameCase,
  inputCommand,
  uint32,
} from '../helper/frames.js';
import { goldenCases, goldenTitle } from '../helper/golden.js';

const GOLDENS = ['remoting-json', 'remoting-binary'].flatMap((file) =>
  goldenCases<FrameCase>(file).map((golden) => ({ file, golden })),
);

function decode(frame: Buffer): RemotingCommand {
  return decodeFrame(frame, 0, frame.length);
}

/** What Apache's decoder gave, in our terms: null entries read as missing, a body is bytes. */
function expectedCommand(decoded: NonNullable<FrameCase['decoded']>): RemotingCommand {
  const { bodyHex, extFields, ...rest } = decoded;
  const fields = extFields === null ? null : Object.entries(extFields).filter(([, value]) => value !== null);
  return {
    // A missing opaque is a fresh number in Java, and not in the goldens.
    ...{ opaque: 0 },
    ...rest,
    extFields: fields && withoutPrototype(Object.fromEntries(fields) as Record<string, string>),
    body: bodyHex === null ? null : Buffer.from(bodyHex, 'hex'),
  };
}

function withoutPrototype<T>(fields: Record<string, T>): Record<string, T> {
  return Object.assign(Object.create(null), fields);
}

for (const { file, golden } of GOLDENS) {
  const { decoded } = golden;
  if (decoded === undefined) {
    test(`${file} refuses what Apache refuses: ${goldenTitle(golden)}`, (t) => {
      t.throws(() => decode(Buffer.from(golden.hex, 'hex')), { instanceOf: RemotingCommandError });
    });
    continue;
  }
  test(`${file} decodes ${goldenTitle(golden)}`, (t) => {
    t.deepEqual(decode(Buffer.from(golden.hex, 'hex')), expectedCommand(decoded));
  });
  if (golden.input.code === undefined || golden.name.includes('duplicate keys')) continue;
  if (golden.input.serializeType === 'ROCKETMQ' && !fitsBinaryHeader(inputCommand(golden))) {
    test(`${file} writes the header as Apache does: ${goldenTitle(golden)}`, (t) => {
      const command = inputCommand(golden);
      const header = Buffer.alloc(binaryHeaderBytes(command));
      t.is(writeBinaryHeader(command, header, 0), header.length);
      t.is(buildFrame(1, header).toString('hex'), golden.hex);
      t.is(decode(encodeFrame(command)).serializeType, 'JSON');
      t.is(decode(encodeFrame(command)).code, command.code);
    });
    continue;
  }
  test(`${file} encodes ${goldenTitle(golden)}`, (t) => {
    t.is(encodeFrame(inputCommand(golden)).toString('hex'), golden.hex);
  });
}

const int32 = () => fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const anyText = () => fc.string({ unit: 'binary', maxLength: 40 });

/** Any command that both sides can tell apart: no empty body, remark or value in the binary form. */
const commands: fc.Arbitrary<RemotingCommand> = fc
  .record({
    serializeType: fc.constantFrom('JSON' as const, 'ROCKETMQ' as const),
    code: int32(),
    language: fc.constantFrom(...LANGUAGE_NAMES),
    version: fc.integer({ min: 0, max: 0x7fff }),
    opaque: int32(),
    flag: int32(),
    remark: fc.option(anyText()),
    extFields: fc.option(
      fc.dictionary(fc.oneof(anyText(), fc.constantFrom('__proto__', 'constructor', '')), anyText()),
    ),
    body: fc.option(fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => Buffer.from(bytes))),
  })
  .map((command) => ({ ...command, extFields: command.extFields && withoutPrototype(command.extFields) }));

function asDecoded(command: RemotingCommand): RemotingCommand {
  if (decode(encodeFrame(command)).serializeType === 'JSON') return { ...command, serializeType: 'JSON' };
  const entries = Object.entries(command.extFields ?? {}).filter(([, value]) => value !== '');
  // Zero bytes of fields are no fields, and an empty value is a missing one.
  const extFields =
    Object.keys(command.extFields ?? {}).length === 0 ? null : withoutPrototype(Object.fromEntries(entries));
  return { ...command, remark: command.remark || null, extFields };
}

test('a decoded frame is the command that was encoded', (t) => {
  fc.assert(
    fc.property(commands, (command) => {
      t.deepEqual(decode(encodeFrame(command)), asDecoded(command));
    }),
  );
  t.pass();
});

/** Decodes bytes of any quality: a command or a RemotingCommandError, nothing else. */
function decodeAnything(t: ExecutionContext, frame: Buffer): void {
  try {
    decode(frame);
  } catch (error) {
    if (!(error instanceof RemotingCommandError)) t.fail(`${String(error)} for ${frame.toString('hex')}`);
  }
}

test('random headers raise nothing but RemotingCommandError', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3 }), fc.uint8Array({ maxLength: 80 }), (serializeType, header) => {
      decodeAnything(t, buildFrame(serializeType, Buffer.from(header)));
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

test('mutated frames raise nothing but RemotingCommandError', (t) => {
  const frames = GOLDENS.map(({ golden }) => Buffer.from(golden.hex, 'hex'));
  const mutation = fc.tuple(fc.nat(), fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 0x7f, 0x80, 0xff)));
  fc.assert(
    fc.property(
      fc.constantFrom(...frames),
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      (frame, mutations, keepLengths) => {
        const copy = Buffer.from(frame);
        for (const [at, byte] of mutations) copy[at % copy.length] = byte;
        if (keepLengths) frame.copy(copy, 0, 0, 8);
        decodeAnything(t, copy);
      },
    ),
    { numRuns: 3000 },
  );
  t.pass();
});

test('a frame cut at any byte raises RemotingCommandError', (t) => {
  for (const { golden } of GOLDENS) {
    const frame = Buffer.from(golden.hex, 'hex');
    for (let end = 0; end < frame.length; end++) {
      const cut = Buffer.from(frame.subarray(0, end));
      t.throws(() => decode(cut), { instanceOf: RemotingCommandError }, `${golden.name} at ${end}`);
    }
  }
});

test('a header cut at any byte is a command or a RemotingCommandError', (t) => {
  for (const { golden } of GOLDENS) {
    const frame = Buffer.from(golden.hex, 'hex');
    const header = frame.subarray(8, 8 + frame.readUIntBE(5, 3));
    for (let end = 0; end < header.length; end++) {
      const cut = buildFrame(frame[4] as number, header.subarray(0, end));
      if (golden.error) decodeAnything(t, cut);
      else t.throws(() => decode(cut), { instanceOf: RemotingCommandError }, `${golden.name} at ${end}`);
    }
  }
});

test('decoding reads only the frame, wherever it lies', (t) => {
  const frame = encodeFrame(createRequest(10, { topic: 'T' }, Buffer.from('body'), { opaque: 7 }));
  const region = Buffer.concat([Buffer.alloc(5, 0xff), frame, Buffer.alloc(5, 0xff)]);
  const command = decodeFrame(region, 5, 5 + frame.length);
  t.deepEqual(command, decode(frame));
  t.is(command.body?.buffer, region.buffer, 'the body is a view');
  t.throws(() => decodeFrame(region, 5, region.length), { message: /bytes needed/ });
  t.throws(() => decodeFrame(region, 5, 5 + frame.length + 100), { instanceOf: RemotingCommandError });
  t.throws(() => decodeFrame(region, -1, 10), { instanceOf: RemotingCommandError });
});

test('errors tell position, bytes needed and bytes available', (t) => {
  const header = buildBinaryHeader({ remark: 'hi' });
  header.writeInt32BE(1000, 13);
  t.throws(() => decode(buildFrame(1, header)), { message: 'header at 25: remark needs 1000 bytes, 6 available' });
  const field = buildExtField('topic', 'T');
  field.writeInt32BE(-1, 7);
  t.throws(() => decode(buildFrame(1, buildBinaryHeader({ ext: field }))), {
    message: 'header at 40: value has length -1',
  });
  t.throws(() => decode(Buffer.from([0, 0, 0])), { message: 'frame at 0: 8 bytes needed, 3 available' });
  t.throws(() => decode(Buffer.concat([uint32(4), Buffer.from([0, 0, 0, 9])])), {
    message: 'header at 8: 9 bytes needed, 0 available',
  });
  t.throws(() => decode(buildFrame(2, Buffer.from('{}'))), { message: 'frame at 0: unknown serialize type 2' });
});

test('a response carries opaque and header form of its request', (t) => {
  const request = createRequest(105, { topic: 'T' }, null, { opaque: 42, serializeType: 'ROCKETMQ' });
  const response = createResponse(request, 17, 'no route', { a: '1' }, Buffer.from('x'));
  t.like(response, { code: 17, opaque: 42, flag: 1, remark: 'no route', serializeType: 'ROCKETMQ' });
  t.true(isResponse(response));
  t.false(isResponse(request));
  t.deepEqual(decode(encodeFrame(response)), { ...response, extFields: withoutPrototype({ a: '1' }) });
});

test('a request asks for a response until it is marked oneway', (t) => {
  const request = createRequest(15);
  t.like(request, { code: 15, opaque: 0, flag: 0, extFields: null, body: null, language: 'OTHER', version: 479 });
  t.false(isOneway(request));
  markOneway(request);
  t.true(isOneway(request));
  t.is(request.flag, 2);
});

test('a command that the binary form cannot carry goes out as JSON', (t) => {
  for (const init of [{ code: 200_050 }, { version: 40_000 }, { extFields: { '': 'x' } }]) {
    const command = createRequest(1, null, Buffer.from('b'), { serializeType: 'ROCKETMQ', ...init });
    t.like(decode(encodeFrame(command)), { ...init, serializeType: 'JSON' });
  }
  const longName = { ['k'.repeat(32_768)]: 'v' };
  t.is(decode(encodeFrame(createRequest(1, longName, null, { serializeType: 'ROCKETMQ' }))).serializeType, 'JSON');
  const fits = { ['k'.repeat(32_767)]: 'v' };
  t.is(decode(encodeFrame(createRequest(1, fits, null, { serializeType: 'ROCKETMQ' }))).serializeType, 'ROCKETMQ');
});

test('an unknown language is written as OTHER', (t) => {
  for (const serializeType of ['JSON', 'ROCKETMQ'] as const) {
    t.is(decode(encodeFrame(createRequest(1, null, null, { language: null, serializeType }))).language, 'OTHER');
  }
});

test('a frame beyond the limit is refused, one at the limit is not', (t) => {
  const small = encodeFrame(createRequest(10, null, Buffer.alloc(1)));
  const room = MAX_FRAME_BYTES - small.length + 1;
  t.is(encodeFrame(createRequest(10, null, Buffer.alloc(room))).length, MAX_FRAME_BYTES);
  t.throws(() => encodeFrame(createRequest(10, null, Buffer.alloc(room + 1))), { instanceOf: RemotingCommandError });
  t.throws(() => encodeFrame(createRequest(10, { a: 'x'.repeat(0xff_ffff) })), { message: /header of/ });
});
