// What `zproxy explain` finds out about one request: plain data, the shape that `--json` prints.

import type { Source } from '../../config/snapshot.ts';

/** A request as a user asks about it. */
export interface ExplainQuestion {
  readonly method: string;
  /** `http://host/path`, or `/path`, with the Host among the headers. */
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Address of the peer that connects. */
  readonly from: string;
}

export interface ExplainedRoute {
  readonly name: string;
  readonly source: Source;
}

export interface ExplainedVerdict extends ExplainedRoute {
  readonly outcome: 'chosen' | 'would match' | 'lost';
  readonly reason: string;
}

export interface ExplainedMiddleware {
  readonly name: string;
  /** URL of the module; '' for what ZProxy brings along. */
  readonly module: string;
  readonly scope: 'all routes' | 'this route';
  readonly source: Source;
}

/** What the proxy answers on its own account. */
export interface ExplainedAnswer {
  readonly status: number;
  /** Code of docs/reference/errors.md; '' where it is no error. */
  readonly error: string;
  /** One sentence. */
  readonly reason: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Bytes of a body that the configuration has; 0 for none. */
  readonly bodyBytes: number;
}

export interface ExplainedEndpoint {
  /** Where the request goes: the endpoint with the path that it is sent. */
  readonly url: string;
  readonly weight: number;
  readonly source: Source;
}

/** One upstream that the request may go to. */
export interface ExplainedUpstream {
  readonly name: string;
  readonly source: Source;
  /** Share of the requests in percent. */
  readonly percent: number;
  readonly endpoints: readonly ExplainedEndpoint[];
  /** Fields of the request as it is sent, before middleware. Those of the first endpoint. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface ExplainedForwarding {
  /** Path and query as they are sent. */
  readonly target: string;
  /** Where it can be told (one upstream, or a key that sticks), only that one. */
  readonly upstreams: readonly ExplainedUpstream[];
  readonly mirrors: readonly { readonly upstream: string; readonly percent: number }[];
  /** The protocol that is tunnelled; '' for none. */
  readonly upgrade: string;
}

/** A timeout or limit that applies, and where it was written; no source: the default. */
export interface ExplainedSetting {
  /** `listener`, `route`, or `upstream` with its name. */
  readonly of: string;
  /** `timeouts.connect` */
  readonly key: string;
  readonly value: string;
  readonly source: Source | null;
}

export interface Explanation {
  /** Address of the listener whose limits apply: the one at the URL's port, or the first. */
  readonly listener: string;
  /** As it is matched. */
  readonly request: {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly query: string;
    readonly scheme: 'http' | 'https';
    readonly clientIp: string;
  };
  /** What became of the request as it was asked about, a sentence each. */
  readonly notes: readonly string[];
  /** One per route; the chosen one and other candidates first. */
  readonly verdicts: readonly ExplainedVerdict[];
  readonly route: ExplainedRoute | null;
  readonly params: Readonly<Record<string, string>>;
  readonly middleware: readonly ExplainedMiddleware[];
  /** What the proxy answers itself; null where the request is forwarded. */
  readonly answer: ExplainedAnswer | null;
  readonly forward: ExplainedForwarding | null;
  readonly settings: readonly ExplainedSetting[];
}
