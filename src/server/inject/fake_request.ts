// What a fake endpoint is told of a request: everything that was sent to it.

import type { InjectHeaders } from './inject_headers.ts';
import type { FakeRequest } from './inject_types.ts';
import type { MessageReader } from './message_reader.ts';

export class FakeRequestView implements FakeRequest {
  readonly upstream: string;
  readonly endpoint: string;
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly headers: InjectHeaders;
  readonly body: Uint8Array;
  readonly trailers: InjectHeaders;

  /** `reader` has read the request whole. */
  constructor(upstream: string, endpoint: string, reader: MessageReader) {
    const { method, target, headers } = reader.head!;
    const queryAt = target.indexOf('?');
    this.upstream = upstream;
    this.endpoint = endpoint;
    this.method = method;
    this.target = target;
    this.path = queryAt < 0 ? target : target.slice(0, queryAt);
    this.query = queryAt < 0 ? '' : target.slice(queryAt + 1);
    this.headers = headers;
    this.body = reader.body;
    this.trailers = reader.trailers;
  }

  text(): string {
    return new TextDecoder().decode(this.body);
  }

  json<Value = unknown>(): Value {
    return JSON.parse(this.text()) as Value;
  }
}
