// What `inject` gives back: the answer as the client read it, and what the proxy reports.

import type { InjectHeaders } from './inject_headers.ts';
import type { InjectResult } from './inject_types.ts';
import type { Injection } from './injection.ts';
import { type MessageReader, NO_HEADERS } from './message_reader.ts';

const SWITCHING_PROTOCOLS = 101;

/** Of a request that is over. */
export function makeResult(reader: MessageReader, injection: Injection): InjectResult {
  return new Result(reader, injection);
}

class Result implements InjectResult {
  readonly status: number;
  readonly headers: InjectHeaders;
  readonly body: Uint8Array;
  readonly trailers: InjectHeaders;
  readonly interim: InjectResult['interim'];
  readonly route: string;
  readonly params: Readonly<Record<string, string>>;
  readonly upstream: string;
  readonly endpoint: string;
  readonly error: string;

  constructor(reader: MessageReader, injection: Injection) {
    const { head, body, trailers, interim } = reader;
    this.status = head?.status ?? 0;
    this.headers = head?.headers ?? NO_HEADERS;
    this.body = body;
    this.trailers = trailers;
    this.interim = interim.map(({ status, headers }) => ({ status, headers }));
    this.route = injection.route;
    this.params = injection.params;
    this.upstream = injection.upstream;
    this.endpoint = injection.endpoint;
    // That the client leaves a tunnel is how it ends here.
    this.error = this.status === SWITCHING_PROTOCOLS ? '' : injection.error;
  }

  text(): string {
    return new TextDecoder().decode(this.body);
  }

  json<Value = unknown>(): Value {
    return JSON.parse(this.text()) as Value;
  }
}
