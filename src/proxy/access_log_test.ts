// Lines of the access log: each format, and values that try to break out of it.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { ScriptedProxy } from '../../tests/support/scripted_proxy.ts';
import { ZProxyError } from '../base/errors.ts';
import { LOG_LINE_BYTES_MAX } from '../base/limits.ts';
import { Cell } from '../base/metrics_cells.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { AccessLog } from './access_log.ts';
import { AccessRecord } from './access_record.ts';
import { LogLine } from './log_line.ts';
import { compileLogFormat, LogField, unknownLogFields } from './log_template.ts';
import { LogTime } from './log_time.ts';
import type { AccessLogFormat } from './options.ts';
import { RequestIds } from './request_id.ts';

const JSON_FORMAT: AccessLogFormat = { kind: 'json' };

describe('AccessLog.write()', () => {
  it('writes every field of an exchange as JSON', () => {
    const world = new ScriptedProxy({ proxy: { accessLog: { format: JSON_FORMAT } } });
    const { server, exchange } = world.request([
      'GET /a?b=c HTTP/1.1',
      'Host: example.com',
      'User-Agent: curl/8',
      'Referer: http://from/',
      'X-Request-Id: r1',
    ]);
    const { stream } = world.upstream;
    world.advance(1.5);
    stream.connectedMs = world.clock.nowMs;
    world.advance(2);
    stream.firstByteMs = world.clock.nowMs;
    stream.respond('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n');
    stream.deliver('ok', true);
    exchange.onResponseEnd(null);
    server.responseBytes = 90;
    world.advance(1);
    exchange.onResponseSent();
    assert.deepEqual(JSON.parse(world.lines.join()), {
      time: '2026-01-01T00:00:00.000Z',
      client: '192.0.2.7',
      method: 'GET',
      target: '/a?b=c',
      host: 'example.com',
      protocol: 'HTTP/1.1',
      status: 200,
      bytesReceived: 0,
      bytesSent: 90,
      durationMs: 4.5,
      connectMs: 1.5,
      firstByteMs: 3.5,
      upstream: 'origin',
      endpoint: 'http://192.0.2.99:9000',
      route: '*/*',
      error: '',
      requestId: 'r1',
      userAgent: 'curl/8',
      referer: 'http://from/',
    });
    assert.equal(world.cells[Cell.LOG_LINES], 1);
    world.assertClean();
  });

  it('writes the combined format', () => {
    const world = new ScriptedProxy({ proxy: { accessLog: { format: { kind: 'combined' } } } });
    const { server, exchange } = world.request(['GET /a HTTP/1.0', 'User-Agent: a"b\\c']);
    exchange.onUpstreamError(ExchangeError.CONNECT_REFUSED);
    server.responseBytes = 7;
    exchange.onResponseSent();
    assert.deepEqual(world.lines, [
      '192.0.2.7 - - [01/Jan/2026:00:00:00 +0000] "GET /a HTTP/1.0" 502 7 "-" "a\\x22b\\x5cc"',
    ]);
    world.assertClean();
  });

  it('writes the id that was made for a request', () => {
    const format: AccessLogFormat = { kind: 'template', template: '{requestId}' };
    const world = new ScriptedProxy({ proxy: { requestId: true, accessLog: { format } } });
    const { exchange } = world.request(['GET / HTTP/1.1', 'Host: h', 'X-Request-Id: forged']);
    const id = /X-Request-Id: (\S+)/.exec(world.upstream.stream.headText)![1]!;
    exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED);
    assert.deepEqual(world.lines, [id]);
    world.assertClean();
  });

  it('writes a tunnel at its end, though its head is gone by then', () => {
    const world = new ScriptedProxy({ proxy: { accessLog: { format: JSON_FORMAT } } });
    const { server, exchange } = world.request([
      'GET /chat?room=1 HTTP/1.1',
      'Host: h',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'User-Agent: browser',
    ]);
    world.upstream.stream.respond(
      'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    world.memory.pool.arena.bytes.fill(0x21, server.head.methodStart, server.head.targetEnd);
    world.advance(5_000);
    exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED);
    const line = JSON.parse(world.lines.join());
    assert.equal(line.method, 'GET');
    assert.equal(line.target, '/chat?room=1');
    assert.equal(line.host, 'h');
    assert.equal(line.userAgent, 'browser');
    assert.equal(line.referer, '');
    assert.equal(line.status, 101);
    assert.equal(line.error, 'client_closed');
    assert.equal(line.durationMs, 5_000);
    world.assertClean();
  });

  it('writes a request that the driver refused, without what its head said', () => {
    const world = new ScriptedProxy({ proxy: { accessLog: { format: JSON_FORMAT } } });
    const { server, exchange } = world.request(['GET /earlier HTTP/1.1', 'Host: h']);
    exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED);
    world.lines.length = 0;
    world.proxy.onRequestRefused(server, ExchangeError.REQUEST_HEAD_INVALID, 400);
    const line = JSON.parse(world.lines.join());
    assert.deepEqual(
      [line.method, line.target, line.host, line.protocol, line.status, line.error, line.upstream],
      ['', '', '', '', 400, 'request_head_invalid', ''],
    );
    assert.equal(line.connectMs, null);
    assert.equal(line.client, '192.0.2.7');
    assert.equal(world.cells[Cell.REQUESTS], 2);
    assert.equal(world.cells[Cell.RESPONSES_4XX], 1);
    world.assertClean();
  });

  it('counts lines that the sink does not take', () => {
    const world = new ScriptedProxy({ takesLines: false });
    const { exchange } = world.request(['GET / HTTP/1.1', 'Host: h']);
    exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED);
    assert.equal(world.cells[Cell.LOG_LINES_DROPPED], 1);
    assert.equal(world.cells[Cell.LOG_LINES], 0);
  });

  it('stays within a line, and JSON, whatever the values', () => {
    const lines: string[] = [];
    const sink = {
      writeLine: (bytes: Uint8Array, start: number, end: number): boolean => {
        lines.push(Buffer.from(bytes.subarray(start, end)).toString());
        return true;
      },
    };
    const log = new AccessLog(JSON_FORMAT, sink, new Float64Array(64), new RequestIds());
    const record = new AccessRecord(new Uint8Array(70_000).fill(0x01));
    record.methodEnd = record.targetEnd = record.hostEnd = 70_000;
    record.userAgentEnd = record.refererEnd = record.requestIdEnd = 70_000;
    const name = '\u0000'.repeat(9_000);
    record.remoteHost = record.upstream = record.endpoint = record.route = name;
    record.responseBytes = record.requestBodyBytes = Number.MAX_SAFE_INTEGER;
    log.write(record);
    assert.equal(lines.length, 1);
    assert(lines[0]!.length <= LOG_LINE_BYTES_MAX);
    assert.equal(JSON.parse(lines[0]!).referer.slice(0, 2), '\u0001\u0001');
  });
});

describe('LogLine.putValue()', () => {
  it('writes each byte so that JSON reads it back', () => {
    for (let byte = 0; byte < 256; byte++) {
      const text = JSON.parse(`"${written('json', Uint8Array.of(0x61, byte, 0x62))}"`);
      assert.equal(text, `a${String.fromCharCode(byte)}b`);
    }
  });

  it('leaves well-formed UTF-8 as it is and escapes what is not', () => {
    const good = Buffer.from('é€😀\u{10ffff}');
    assert.equal(written('json', good), good.toString());
    const bad = [
      [0xc0, 0xaf],
      [0xe0, 0x80, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf8, 0x88],
      [0xe2, 0x82],
      [0x80],
      [0xc3, 0x28],
    ];
    for (const bytes of bad) {
      const text = JSON.parse(`"${written('json', Uint8Array.from(bytes))}"`);
      assert.equal(text, String.fromCharCode(...bytes));
    }
  });

  it('writes what is not plain ASCII as hexadecimal in other formats', () => {
    assert.equal(
      written('hex', Buffer.from('a"\\\n\x7f\xff', 'latin1')),
      'a\\x22\\x5c\\x0a\\x7f\\xff',
    );
  });
});

describe('compileLogFormat()', () => {
  it('knows every field of a template', () => {
    const template = Object.keys(LogField)
      .map((name) => `{${name}}`)
      .join(' ');
    assert.equal(
      compileLogFormat({ kind: 'template', template }).parts.length,
      Object.keys(LogField).length + 1,
    );
    assert.deepEqual(unknownLogFields(`${template} {nope} {} {1}`), ['nope']);
  });

  it('refuses a field that there is none of', () => {
    assert.throws(
      () => compileLogFormat({ kind: 'template', template: 'x {nope}' }),
      (error) => error instanceof ZProxyError && error.code === 'ZP_ACCESS_LOG_FIELD_UNKNOWN',
    );
  });
});

describe('LogTime', () => {
  it('agrees with Date over centuries', () => {
    const time = new LogTime();
    const line = new LogLine('json');
    for (let i = 0; i < 3_000; i++) {
      const wallMs = i * 2_000_000_123 + 456;
      line.restart();
      time.putIso(line, wallMs + 0.7);
      const text = Buffer.from(line.bytes.subarray(0, line.at)).toString();
      assert.equal(text, new Date(wallMs).toISOString());
    }
  });
});

function written(escaping: 'json' | 'hex', bytes: Uint8Array): string {
  const line = new LogLine(escaping);
  line.putValue(bytes, 0, bytes.length, 1_000);
  return Buffer.from(line.bytes.subarray(0, line.at)).toString();
}
