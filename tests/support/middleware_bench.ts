// Middleware without an exchange: real heads, decoded from text and encoded again, a clock that is
// set by hand, and a loop whose turns the test takes.

import { strict as assert } from 'node:assert';
import { Arena } from '../../src/base/arena.ts';
import { type BufferCounts, BufferPool } from '../../src/base/buffer_pool.ts';
import { Clock } from '../../src/base/clock.ts';
import type { LogLevel, LogSink } from '../../src/base/log_sink.ts';
import { TimerWheel } from '../../src/base/timer_wheel.ts';
import { RequestHead, ResponseHead } from '../../src/http/message_head.ts';
import { Method } from '../../src/http/methods.ts';
import { DecodeResult } from '../../src/http1/decode_result.ts';
import { Http1Encoder } from '../../src/http1/encoder.ts';
import { RequestDecoder } from '../../src/http1/request_decoder.ts';
import { ResponseDecoder } from '../../src/http1/response_decoder.ts';
import type { SummaryFacts } from '../../src/middleware/complete_phase.ts';
import type { HookOutcome } from '../../src/middleware/hook_outcome.ts';
import type { MiddlewareHooks } from '../../src/middleware/middleware.ts';
import type { MiddlewareExchange } from '../../src/middleware/middleware_exchange.ts';
import { type MiddlewareRun, MiddlewareRuns } from '../../src/middleware/middleware_run.ts';
import type { MiddlewareUse } from '../../src/middleware/middleware_use.ts';
import { compilePipeline, type Pipeline } from '../../src/middleware/pipeline.ts';
import { registerDefinition } from '../../src/middleware/registry.ts';

const ARENA_BYTES = 1 << 20;
const REQUEST_AT = 700_000;
const RESPONSE_AT = 800_000;
const OUT_AT = 900_000;
const OUT_END: number = OUT_AT + 100_000;
const LIMITS = {
  headBytesMax: 32_768,
  fieldBytesMax: 16_384,
  fieldsCountMax: 128,
  targetBytesMax: 8_192,
};

export const FACTS: SummaryFacts = {
  status: 200,
  error: '',
  route: 'test',
  upstream: 'api',
  endpoint: 'http://10.0.0.1:9000',
  durationMs: 1.5,
  requestBodyBytes: 0,
  responseBytes: 10,
};

/** Keeps what was logged. */
export class ListLog implements LogSink {
  readonly lines: string[] = [];

  log(_level: LogLevel, message: string): void {
    this.lines.push(message);
  }
}

export class MiddlewareBench implements MiddlewareExchange {
  readonly arena: Arena = new Arena(ARENA_BYTES);
  readonly pool: BufferPool;
  readonly clock: Clock = new Clock();
  readonly timers: TimerWheel;
  readonly log: ListLog = new ListLog();
  readonly runs: MiddlewareRuns;
  readonly requestHead: RequestHead = new RequestHead();
  readonly responseHead: ResponseHead = new ResponseHead();
  readonly requestScheme = 'https';
  readonly routeName = 'test';
  readonly paramNames: string[] = [];
  readonly paramTexts: string[] = [];
  readonly outcomes: HookOutcome[] = [];
  onOutcome: (outcome: HookOutcome) => void = () => undefined;
  #tasks: (() => void)[] = [];

  constructor(counts: BufferCounts = { small: 20, medium: 3, large: 3 }) {
    this.pool = new BufferPool(this.arena, counts);
    this.clock.set(1_000);
    this.timers = new TimerWheel(1_000);
    const { pool, clock, timers } = this;
    const defer = (task: () => void): void => {
      this.#tasks.push(task);
    };
    this.runs = new MiddlewareRuns({ pool, clock, timers, defer }, 2);
  }

  clientHost(): string {
    return '192.0.2.7';
  }

  requestId(): string {
    return 'id-1';
  }

  paramText(index: number): string {
    return this.paramTexts[index]!;
  }

  hasUpstream(name: string): boolean {
    return name === 'api' || name === 'canary';
  }

  onMiddlewareResume(outcome: HookOutcome): void {
    this.outcomes.push(outcome);
    this.onOutcome(outcome);
  }

  /** Decodes a request: its line, then fields. */
  request(line = 'GET /a HTTP/1.1', ...fields: string[]): RequestHead {
    const end = this.#put(REQUEST_AT, [line, 'Host: example.com:8443', ...fields]);
    const decoder = new RequestDecoder(this.arena, LIMITS, false);
    const result = decoder.decode(this.requestHead, REQUEST_AT, end, 0);
    assert.equal(result, DecodeResult.COMPLETE);
    return this.requestHead;
  }

  /** Decodes a response: its line, then fields. */
  response(line = 'HTTP/1.1 200 Fine', ...fields: string[]): ResponseHead {
    const end = this.#put(RESPONSE_AT, [line, ...fields]);
    const decoder = new ResponseDecoder(this.arena, LIMITS);
    const result = decoder.decode(this.responseHead, Method.GET, RESPONSE_AT, end, 0);
    assert.equal(result, DecodeResult.COMPLETE);
    return this.responseHead;
  }

  /** What would be sent to an endpoint: the lines of the head. */
  requestLines(): string[] {
    const encoder = new Http1Encoder(this.arena);
    return this.#lines(encoder.encodeRequestHead(this.requestHead, OUT_AT, OUT_END));
  }

  /** What would be sent to the client. */
  responseLines(head: ResponseHead): string[] {
    const encoder = new Http1Encoder(this.arena);
    return this.#lines(encoder.encodeResponseHead(head, 11, Method.GET, true, OUT_AT, OUT_END));
  }

  /** Overwrites what a driver would use again after its callback. */
  overwriteResponse(): void {
    this.arena.bytes.fill(0x2a, RESPONSE_AT, OUT_AT);
    this.responseHead.fields.clear();
    this.responseHead.status = 599;
  }

  /** A pipeline of objects of hooks, in order. */
  pipeline(...list: MiddlewareHooks[]): Pipeline {
    const uses = list.map((hooks) => useOf(`hooks${++useCount}`, () => hooks));
    return compilePipeline(uses, { route: this.routeName, log: this.log })!;
  }

  begin(...list: MiddlewareHooks[]): MiddlewareRun {
    return this.runs.begin(this.pipeline(...list), this);
  }

  /** Lets promises settle, then takes turns of the loop until nothing is left to do. */
  async settle(): Promise<void> {
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      const tasks = this.#tasks;
      this.#tasks = [];
      for (const task of tasks) task();
    }
  }

  /** Lets promises settle without a turn of the loop. */
  async settlePromises(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  pass(ms: number): void {
    this.clock.set(this.clock.nowMs + ms);
    this.timers.advance(this.clock.nowMs);
  }

  /** Nothing was left behind. */
  assertClean(): void {
    assert.equal(this.pool.ownedCount, 0, 'all buffers went back');
    assert.equal(this.timers.count, 0, 'no timer is left');
    assert.equal(this.runs.usedCount, 0, 'all runs went back');
  }

  #put(at: number, lines: readonly string[]): number {
    const text = `${lines.join('\r\n')}\r\n\r\n`;
    for (let i = 0; i < text.length; i++) this.arena.bytes[at + i] = text.charCodeAt(i);
    return at + text.length;
  }

  #lines(end: number): string[] {
    assert.ok(end >= 0, 'the head fits');
    const text = Buffer.from(this.arena.bytes.subarray(OUT_AT, end)).toString('latin1');
    return text.split('\r\n').slice(0, -2);
  }
}

/** Hooks that write down that they ran. */
export function notingHooks(name: string, notes: string[]): MiddlewareHooks {
  return {
    onRequest(): void {
      notes.push(`${name} request`);
    },
    onUpstreamResponse(): void {
      notes.push(`${name} response`);
    },
    onComplete({ status }): void {
      notes.push(`${name} complete ${status}`);
    },
  };
}

let useCount = 0;

/** A use of a definition that is registered for it under the module `test:`. */
export function useOf(
  name: string,
  create: () => MiddlewareHooks,
  parse?: (options: unknown) => unknown,
): MiddlewareUse {
  const site = { module: 'test:', script: `test:${++useCount}`, place: '1:1' };
  registerDefinition(site, parse === undefined ? { name, create } : { name, create, parse });
  return { name, module: 'test:', options: {}, source: null };
}
