// The WebSocket of the demo: echoes text messages until the client closes. RFC 6455, as little of
// it as a demo needs: unfragmented frames of up to 64 KiB, no extensions.

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const OPCODE_TEXT = 1;
const OPCODE_CLOSE = 8;
const OPCODE_PING = 9;
const OPCODE_PONG = 10;
const FIN = 0x80;
const MASKED = 0x80;

/** Answers an Upgrade request. */
export function serveEcho(request: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => socket.destroy());
  const key = request.headers['sec-websocket-key'];
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || key === undefined) {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  // RFC 6455 section 4.2.2: the key and a fixed text, hashed.
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`,
  );
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let frame = takeFrame(pending); frame !== null; frame = takeFrame(pending)) {
      pending = pending.subarray(frame.byteCount);
      answerFrame(socket, frame);
    }
  });
}

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly byteCount: number;
}

function answerFrame(socket: Duplex, { opcode, payload }: Frame): void {
  if (opcode === OPCODE_TEXT) socket.write(encodeFrame(OPCODE_TEXT, payload));
  else if (opcode === OPCODE_PING) socket.write(encodeFrame(OPCODE_PONG, payload));
  else if (opcode !== OPCODE_PONG) socket.end(encodeFrame(OPCODE_CLOSE, payload.subarray(0, 2)));
}

/** The first whole frame, or null. A frame that is longer than we take counts as a close. */
function takeFrame(bytes: Buffer): Frame | null {
  if (bytes.length < 2) return null;
  const opcode = bytes[0]! & 0x0f;
  const lengthCode = bytes[1]! & 0x7f;
  if (lengthCode === 127) {
    const tooBig = Buffer.from([0x03, 0xf1]); // 1009, RFC 6455 section 7.4.1
    return { opcode: OPCODE_CLOSE, payload: tooBig, byteCount: bytes.length };
  }
  const headBytes = lengthCode === 126 ? 4 : 2;
  const maskBytes = (bytes[1]! & MASKED) === 0 ? 0 : 4;
  if (bytes.length < headBytes + maskBytes) return null;
  const length = lengthCode === 126 ? bytes.readUInt16BE(2) : lengthCode;
  const start = headBytes + maskBytes;
  if (bytes.length < start + length) return null;
  const payload = Buffer.from(bytes.subarray(start, start + length));
  if (maskBytes > 0) for (let i = 0; i < length; i++) payload[i]! ^= bytes[headBytes + (i & 3)]!;
  return { opcode, payload, byteCount: start + length };
}

function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const isShort = payload.length < 126;
  const head = Buffer.alloc(isShort ? 2 : 4);
  head[0] = FIN | opcode;
  head[1] = isShort ? payload.length : 126;
  if (!isShort) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
