// What a test says to `inject`, what fake upstreams are told and answer, and what comes back. Part
// of the public API.

import type { InjectHeaders } from './inject_headers.ts';

/** Fields by name, or as pairs where their order or spelling counts. */
export type InjectFields =
  | Readonly<Record<string, string | readonly string[]>>
  | readonly (readonly [name: string, value: string])[];

/** A body: texts are sent as UTF-8; an iterable is sent chunked, as fast as it is read. */
export type InjectBody = string | Uint8Array | AsyncIterable<string | Uint8Array>;

/** A request as a client would send it. Nothing is normalised or added but Host and framing. */
export interface InjectRequest {
  /** Default `GET`. */
  readonly method?: string | undefined;
  /** `http://host/path?query`: scheme, host and path at once. */
  readonly url?: string | undefined;
  /** Path and query, as they are. Default `/`. */
  readonly path?: string | undefined;
  /** Default `localhost`. A Host among the headers takes its place. */
  readonly host?: string | undefined;
  readonly headers?: InjectFields | undefined;
  readonly body?: InjectBody | undefined;
  /** Fields behind a body that is an iterable. */
  readonly trailers?: InjectFields | undefined;
  /** Numeric address of the client. Default `127.0.0.1`. */
  readonly clientIp?: string | undefined;
  /** Whether the client's connection is encrypted. Default `http`. */
  readonly scheme?: 'http' | 'https' | undefined;
  /** Address, as the configuration has it, of the listener. Default: the first one. */
  readonly listener?: string | undefined;
  /** Aborted: the client is gone. */
  readonly signal?: AbortSignal | undefined;
}

/** What an endpoint would have been sent. */
export interface FakeRequest {
  /** Name of the upstream and URL of the endpoint that was chosen. */
  readonly upstream: string;
  readonly endpoint: string;
  readonly method: string;
  /** Path and query, as in the request line. */
  readonly target: string;
  /** `target` without the query, and what stands behind `?`. */
  readonly path: string;
  readonly query: string;
  /** All fields, those of the connection included. */
  readonly headers: InjectHeaders;
  readonly body: Uint8Array;
  readonly trailers: InjectHeaders;
  text(): string;
  json<Value = unknown>(): Value;
}

/** What a fake endpoint answers. Framing is added unless `headers` have it. */
export interface FakeAnswer {
  /** Default 200. With 101 the connection is a tunnel, which is closed at once. */
  readonly status?: number | undefined;
  readonly headers?: InjectFields | undefined;
  /** An iterable that throws breaks the answer off, as an endpoint that dies does. */
  readonly body?: InjectBody | undefined;
  /** Fields behind a body that is an iterable. */
  readonly trailers?: InjectFields | undefined;
  /** Interim answers (103) before it. */
  readonly interim?:
    | readonly { readonly status: number; readonly headers?: InjectFields | undefined }[]
    | undefined;
}

/** How an endpoint fails: it takes no connection, or breaks it off once it has the request. */
export type FakeFailure = 'refused' | 'unreachable' | 'reset';

/** In place of an upstream's endpoints: an answer, a failure, or a function that gives one. */
export type FakeUpstream =
  | FakeAnswer
  | FakeFailure
  | ((request: FakeRequest) => FakeAnswer | 'reset' | Promise<FakeAnswer | 'reset'>);

/** Fakes by the name of the upstream; the others are asked for real. */
export type FakeUpstreams = Readonly<Record<string, FakeUpstream>>;

/** What the client got, and how it came about. */
export interface InjectResult {
  /** 0 where the client got no answer. */
  readonly status: number;
  readonly headers: InjectHeaders;
  /** As much of it as the client got. */
  readonly body: Uint8Array;
  readonly trailers: InjectHeaders;
  /** Interim answers (100, 103) before the final one. */
  readonly interim: readonly { readonly status: number; readonly headers: InjectHeaders }[];
  /** The body as UTF-8. */
  text(): string;
  json<Value = unknown>(): Value;
  /** Name of the route; '' where none matched. */
  readonly route: string;
  /** Values of its path parameters, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Where the request was sent last; '' for nowhere. */
  readonly upstream: string;
  readonly endpoint: string;
  /** Code of docs/reference/errors.md; '' where all went well. */
  readonly error: string;
}
