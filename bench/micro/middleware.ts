// Nanoseconds that middleware adds to a request: heads of browser size are decoded and encoded,
// with no middleware, with one that does nothing, and with the headers middleware on both sides. A
// route without middleware pays a comparison with null, which is in the first line. Wanted: an
// empty middleware below 0.4 µs, a prefix removed and two fields set below 1 µs.
//
//   node bench/micro/middleware.ts

import { Arena } from '../../src/base/arena.ts';
import { BufferPool } from '../../src/base/buffer_pool.ts';
import { Clock } from '../../src/base/clock.ts';
import { TimerWheel } from '../../src/base/timer_wheel.ts';
import { RequestHead, ResponseHead } from '../../src/http/message_head.ts';
import { Method } from '../../src/http/methods.ts';
import { Http1Encoder } from '../../src/http1/encoder.ts';
import { RequestDecoder } from '../../src/http1/request_decoder.ts';
import { ResponseDecoder } from '../../src/http1/response_decoder.ts';
import type { SummaryFacts } from '../../src/middleware/complete_phase.ts';
import { defineMiddleware } from '../../src/middleware/define_middleware.ts';
import type { MiddlewareExchange } from '../../src/middleware/middleware_exchange.ts';
import { MiddlewareRuns } from '../../src/middleware/middleware_run.ts';
import type { MiddlewareUse } from '../../src/middleware/middleware_use.ts';
import { compilePipeline, type Pipeline } from '../../src/middleware/pipeline.ts';

const ROUNDS = 7;
const ITERATIONS = 100_000;

const REQUEST =
  'GET /articles/2026/11/the-state-of-proxies?page=2 HTTP/1.1\r\n' +
  'Host: www.example.com\r\n' +
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n' +
  'Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n' +
  'Accept-Language: en-US,en;q=0.5\r\n' +
  'Accept-Encoding: gzip, deflate, br\r\n' +
  'Cookie: session=4f1c7a90b2e34d55\r\n' +
  'Upgrade-Insecure-Requests: 1\r\n' +
  'Sec-Fetch-Dest: document\r\n' +
  'Sec-Fetch-Mode: navigate\r\n' +
  'Sec-Fetch-Site: none\r\n' +
  'Priority: u=0, i\r\n' +
  '\r\n';
const RESPONSE =
  'HTTP/1.1 200 OK\r\n' +
  'Server: nginx\r\n' +
  'Date: Tue, 24 Nov 2026 10:00:00 GMT\r\n' +
  'Content-Type: text/html; charset=utf-8\r\n' +
  'Content-Length: 68\r\n' +
  'Cache-Control: max-age=60\r\n' +
  'ETag: "5f3c-1a2b"\r\n' +
  '\r\n';
const LIMITS = {
  headBytesMax: 32_768,
  fieldBytesMax: 16_384,
  fieldsCountMax: 128,
  targetBytesMax: 8_192,
};
const FACTS: SummaryFacts = {
  status: 200,
  error: '',
  route: 'bench',
  upstream: 'api',
  endpoint: 'http://10.0.0.1:9000',
  durationMs: 1,
  requestBodyBytes: 0,
  responseBytes: 68,
};

const arena = new Arena(1 << 20);
const pool = new BufferPool(arena, { small: 16, medium: 1, large: 1 });
const clock = new Clock();
const timers = new TimerWheel(clock.nowMs);
const requestAt = 700_000;
const responseAt = 710_000;
const out = 720_000;
const outEnd = 760_000;
put(requestAt, REQUEST);
put(responseAt, RESPONSE);

const request = new RequestHead();
const response = new ResponseHead();
const requestDecoder = new RequestDecoder(arena, LIMITS, false);
const responseDecoder = new ResponseDecoder(arena, LIMITS);
const encoder = new Http1Encoder(arena);
const runs = new MiddlewareRuns({ pool, clock, timers, defer: () => undefined }, 4);
const exchange: MiddlewareExchange = {
  requestHead: request,
  requestScheme: 'https',
  paramNames: [],
  routeName: 'bench',
  paramText: () => '',
  clientHost: () => '192.0.2.7',
  requestId: () => '0123456789abcdef0123456789abcdef',
  hasUpstream: () => true,
  onMiddlewareResume: () => undefined,
};
const log = { log: (): void => undefined };
let consumed = 0;

const empty = defineMiddleware({ name: 'empty', onRequest: () => undefined });
const constants = {
  request: { remove: 'x-internal-*', set: { 'X-Proxy': 'zproxy', 'X-Env': 'production' } },
};
const templates = {
  request: {
    remove: 'cookie',
    set: { 'X-Client': '{clientIp}', 'X-Path': '{path}', 'X-Env': 'production' },
  },
};
const both = {
  ...templates,
  response: { remove: 'server', set: { 'X-Frame-Options': 'DENY', 'X-Status': '{status}' } },
};

const without = measure('no middleware: both heads decoded and encoded', null);
measure('an empty onRequest', compile({ source: null, ...empty() }), without);
measure('headers: 2 constants set', compile(headersUse(constants)), without);
measure('headers: 2 templates, 1 constant set', compile(headersUse(templates)), without);
measure('headers: the same, and 2 set on the response', compile(headersUse(both)), without);
if (Number.isNaN(consumed)) throw new Error('a head was not understood');

function headersUse(options: unknown): MiddlewareUse {
  return { name: 'headers', module: '', options, source: null };
}

function compile(use: MiddlewareUse): Pipeline | null {
  return compilePipeline([use], { route: 'bench', log });
}

function forward(pipeline: Pipeline | null): void {
  requestDecoder.decode(request, requestAt, requestAt + REQUEST.length, 0);
  const run = pipeline === null ? null : runs.begin(pipeline, exchange);
  if (run !== null) consumed += run.runRequest();
  consumed += encoder.encodeRequestHead(request, out, outEnd);
  responseDecoder.decode(response, Method.GET, responseAt, responseAt + RESPONSE.length, 0);
  if (run !== null) consumed += run.runResponse(response);
  consumed += encoder.encodeResponseHead(response, 11, Method.GET, true, out, outEnd);
  if (run === null) return;
  run.endResponse();
  run.finish(FACTS);
}

/** Prints the median round, and beside it what `base` did without. Returns nanoseconds. */
function measure(name: string, pipeline: Pipeline | null, base = 0): number {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.threadCpuUsage();
    for (let i = 0; i < ITERATIONS; i++) forward(pipeline);
    times.push((process.threadCpuUsage(start).user * 1000) / ITERATIONS);
  }
  times.sort((a, b) => a - b);
  const median = times[ROUNDS >> 1]!;
  const added = base === 0 ? '' : `, ${(median - base).toFixed(0)} ns of it for middleware`;
  process.stdout.write(`${name}: ${median.toFixed(0)} ns (best ${times[0]!.toFixed(0)})${added}\n`);
  return median;
}

function put(at: number, text: string): void {
  for (let i = 0; i < text.length; i++) arena.bytes[at + i] = text.charCodeAt(i);
}
