import test from 'ava';
import fc from 'fast-check';
import { createRequest, encodeFrame } from '../../src/protocol/remoting-command.js';
import { FrameDecoder, ReadRegion } from '../../src/remoting/frame-decoder.js';

/** A frame with a plain mark, `headerBytes` and `bodyBytes`, filled with `fill`. */
function frame(headerBytes: number, bodyBytes: number, fill: number): Buffer {
  const bytes = Buffer.alloc(8 + headerBytes + bodyBytes, fill);
  bytes.writeInt32BE(4 + headerBytes + bodyBytes, 0);
  bytes.writeInt32BE(headerBytes, 4);
  return bytes;
}

/** Collects copies of the frames that a decoder hands out. */
function collector(region: ReadRegion, maxFrameBytes?: number) {
  const frames: Buffer[] = [];
  const inRegion: boolean[] = [];
  const decoder = new FrameDecoder(region, maxFrameBytes);
  const onFrame = (bytes: Buffer, start: number, end: number) => {
    frames.push(Buffer.from(bytes.subarray(start, end)));
    inRegion.push(bytes === region.bytes);
  };
  return { decoder, frames, inRegion, feed: (chunk: Uint8Array) => decoder.feed(chunk, onFrame) };
}

const FRAMES = [frame(3, 0, 0x11), frame(0, 0, 0), frame(10, 70, 0x22), frame(5, 9, 0x33), frame(2, 30, 0x44)];
const STREAM = Buffer.concat(FRAMES);

test('a stream cut at any two bytes gives the same frames', (t) => {
  for (let first = 0; first <= STREAM.length; first++) {
    for (let second = first; second <= STREAM.length; second++) {
      const { feed, frames } = collector(ReadRegion.allocate(48));
      feed(STREAM.subarray(0, first));
      feed(STREAM.subarray(first, second));
      feed(STREAM.subarray(second));
      if (!Buffer.concat(frames).equals(STREAM) || frames.length !== FRAMES.length) {
        t.fail(`cut at ${first} and ${second}`);
        return;
      }
    }
  }
  t.pass();
});

test('a stream that comes byte by byte gives the same frames', (t) => {
  const { feed, frames } = collector(ReadRegion.allocate(48));
  for (const byte of STREAM) feed(Uint8Array.of(byte));
  t.deepEqual(frames, FRAMES);
});

test('a frame larger than the headroom gets memory of its own, any other lies in the region', (t) => {
  const { feed, frames, inRegion } = collector(ReadRegion.allocate(48));
  for (const byte of STREAM) feed(Uint8Array.of(byte));
  t.deepEqual(
    inRegion,
    frames.map((bytes) => bytes.length <= 48),
  );
  t.true(inRegion.includes(false));
});

test('connections that share a region do not disturb each other', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 200 }),
      (steps) => {
        const region = ReadRegion.allocate(64);
        const peers = [0, 1, 2].map((peer) => {
          const frames = Array.from({ length: 40 }, (_, n) => frame(n % 7, (n * 37) % 150, peer * 64 + n));
          return { ...collector(region), stream: Buffer.concat(frames), at: 0 };
        });
        for (const [index, byteCount] of steps) {
          const peer = peers[index]!;
          peer.feed(peer.stream.subarray(peer.at, peer.at + byteCount));
          peer.at += byteCount;
        }
        for (const peer of peers) {
          peer.feed(peer.stream.subarray(peer.at));
          if (!Buffer.concat(peer.frames).equals(peer.stream)) return false;
        }
        return region.heldBytes <= 3 * 512;
      },
    ),
    { numRuns: 200, seed: 11 },
  );
  t.pass();
});

test('the frame of the protocol page is cut whole', (t) => {
  const bytes = encodeFrame(createRequest(105, { topic: 'T' }, Buffer.from([1, 2]), { opaque: 7 }));
  const { feed, frames } = collector(ReadRegion.allocate(1024));
  feed(bytes);
  t.deepEqual(frames, [bytes]);
});

const refused = test.macro({
  exec(t, bytes: Buffer, message: RegExp) {
    const { feed, frames } = collector(ReadRegion.allocate(1024), 4096);
    feed(FRAMES[0]!);
    t.throws(() => feed(bytes), { code: 'REMOTING_COMMAND', message });
    t.is(frames.length, 1, 'what came before counts');
  },
  title: (name) => `refused at once: ${name}`,
});

test('a length of 0', refused, Buffer.from('00000000', 'hex'), /length 0 is less than 4/);
test('a length of 3', refused, Buffer.from('00000003', 'hex'), /length 3 is less than 4/);
test('a negative length', refused, Buffer.from('ffffffff', 'hex'), /length -1 is less than 4/);
test('a length one over the limit', refused, Buffer.from('00000ffd', 'hex'), /4097 bytes is over the limit of 4096/);
test('text', refused, Buffer.from('GET / HTTP/1.1'), /over the limit.*47455420 "GET "/);
test('a header longer than its frame', refused, Buffer.from('0000000800000005', 'hex'), /header of 5 bytes/);
test('an unknown serialize type', refused, Buffer.from('0000000802000000', 'hex'), /serialize type 2 is unknown/);

test('a frame of exactly the limit is taken', (t) => {
  const { feed, frames } = collector(ReadRegion.allocate(1024), 4096);
  feed(frame(0, 4088, 1));
  t.is(frames[0]?.length, 4096);
});

test('a large frame holds memory by what has come of it, not by what it announces', (t) => {
  const region = ReadRegion.allocate(1024);
  const { decoder, feed } = collector(region);
  feed(Buffer.from('00fffffc00000000', 'hex'));
  t.is(region.heldBytes, 262_144);
  t.is(decoder.pendingBytes, 8);
  for (let n = 0; n < 1024; n++) feed(Buffer.alloc(1024));
  t.true(region.heldBytes <= 2 * 1_048_584, `${region.heldBytes} bytes`);
  decoder.release();
  t.is(region.heldBytes, 0);
  t.is(decoder.pendingBytes, 0);
});

test('a large frame that comes whole leaves nothing held', (t) => {
  const region = ReadRegion.allocate(1024);
  const { feed, frames } = collector(region);
  const large = frame(100, 1_000_000, 7);
  feed(Buffer.concat([large, FRAMES[0]!, large]));
  t.deepEqual(
    frames.map((bytes) => bytes.length),
    [large.length, FRAMES[0]!.length, large.length],
  );
  t.true(frames[0]!.equals(large) && frames[2]!.equals(large));
  t.true(region.heldBytes <= 8192);
});

test('partial frames of all connections together are bounded', (t) => {
  const region = new ReadRegion(new ArrayBuffer(2048), 0, 2048, 600_000);
  const first = collector(region);
  const second = collector(region);
  const third = collector(region);
  first.feed(Buffer.from('00ffff0000000000', 'hex'));
  second.feed(Buffer.from('00ffff0000000000', 'hex'));
  t.throws(() => third.feed(Buffer.from('00ffff0000000000', 'hex')), { message: /hold more than 600000 bytes/ });
  first.decoder.release();
  t.notThrows(() => third.feed(Buffer.alloc(0)));
});

test('nothing is handed out any more after a release from inside a frame', (t) => {
  const region = ReadRegion.allocate(1024);
  const decoder = new FrameDecoder(region);
  let frames = 0;
  const onFrame = () => {
    frames++;
    decoder.release();
  };
  decoder.feed(STREAM, onFrame);
  decoder.feed(STREAM, onFrame);
  t.is(frames, 1);
  t.is(region.heldBytes, 0);
});

test('a paused decoder keeps what comes, also more frames than the region holds, and goes on where it was', (t) => {
  const region = ReadRegion.allocate(48);
  const decoder = new FrameDecoder(region);
  const frames: Buffer[] = [];
  const onFrame = (bytes: Buffer, start: number, end: number) => {
    frames.push(Buffer.from(bytes.subarray(start, end)));
    decoder.pause();
  };
  decoder.feed(STREAM.subarray(0, 100), onFrame);
  t.is(frames.length, 1);
  decoder.feed(STREAM.subarray(100), onFrame);
  t.is(frames.length, 1);
  while (frames.length < FRAMES.length) {
    const before = frames.length;
    decoder.resume(onFrame);
    if (frames.length !== before + 1) break;
  }
  t.deepEqual(frames, FRAMES);
  decoder.resume(onFrame);
  t.is(decoder.pendingBytes, 0);
  decoder.release();
  t.is(region.heldBytes, 0);
});
