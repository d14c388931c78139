// An injected request as it goes on the wire: what the test leaves out is filled in, what it says
// is sent as it is, so that a spelling that the proxy has to refuse reaches it.

import { ZProxyError } from '../../base/errors.ts';
import type { InjectRequest } from './inject_types.ts';
import { framingPairs, hasField, pairsOf, requestHead } from './message_writer.ts';

export interface WireRequest {
  readonly request: InjectRequest;
  readonly method: string;
  readonly head: Uint8Array;
  readonly scheme: 'http' | 'https';
  readonly clientIp: string;
}

/** Throws ZP_INJECT_INVALID for what is no request at all. */
export function wireRequest(given: InjectRequest | string): WireRequest {
  const request = typeof given === 'string' ? fromText(given) : given;
  if (typeof request !== 'object' || request === null) throw invalid('is no request');
  const located = request.url === undefined ? null : splitUrl(request.url);
  if (request.url !== undefined && request.path !== undefined) {
    throw invalid('has a "url" and a "path"');
  }
  const { method = 'GET', clientIp = '127.0.0.1', body } = request;
  const target = request.path ?? located?.path ?? '/';
  const scheme = request.scheme ?? located?.scheme ?? 'http';
  const host = request.host ?? located?.host ?? 'localhost';
  const pairs = pairsOf(request.headers);
  const hostPairs = hasField(pairs, 'host') ? [] : [['Host', host] as const];
  const head = requestHead(method, target, [...hostPairs, ...pairs, ...framingPairs(pairs, body)]);
  return { request, method, head, scheme, clientIp };
}

/** `/path` or `http://host/path`. */
function fromText(text: string): InjectRequest {
  return text.startsWith('/') || text === '*' ? { path: text } : { url: text };
}

/** Not by `URL`, which would change the path. */
function splitUrl(url: string): { scheme: 'http' | 'https'; host: string; path: string } {
  const match = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(url);
  if (match === null) throw invalid(`has the url ${JSON.stringify(url)}`);
  const [, scheme, host = '', rest = ''] = match;
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  return { scheme: scheme!.toLowerCase() === 'https' ? 'https' : 'http', host, path };
}

function invalid(what: string): ZProxyError {
  return new ZProxyError(
    'ZP_INJECT_INVALID',
    `The injected request ${what}; give { path: '/x' }, { url: 'http://host/x' } or '/x'.`,
  );
}
