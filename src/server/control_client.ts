// Asks a running ZProxy through its control socket.

import type { IncomingMessage } from 'node:http';
import { ZProxyError } from '../base/errors.ts';
import { nodeHttp } from './node_http.ts';

const TIMEOUT_MS = 10_000;
const BODY_BYTES_MAX: number = 64 * 1024 * 1024;

/** The answer; `body` is the parsed JSON, the text of what is no JSON, null where there is none. */
export interface ControlResponse {
  readonly status: number;
  readonly body: unknown;
}

export interface ControlRequestOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** How long the process may be silent; 10 s by default. */
  readonly timeoutMs?: number;
}

/**
 * Sends one request to the control socket at `socketPath`. Rejects with ZP_NOT_RUNNING where nobody
 * answers there, and with ZP_CONTROL for all else that goes wrong.
 */
export function requestControl(
  socketPath: string,
  method: string,
  urlPath: string,
  options: ControlRequestOptions = {},
): Promise<ControlResponse> {
  const { body, timeoutMs = TIMEOUT_MS } = options;
  return new Promise((resolve, reject) => {
    const how = { socketPath, method, path: urlPath, timeout: timeoutMs };
    const sent = nodeHttp().request(how, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > BODY_BYTES_MAX) sent.destroy(new Error('the answer is too long'));
      });
      response.on('error', (error) => reject(describe(socketPath, error)));
      response.on('end', () => {
        try {
          resolve({ status: response.statusCode!, body: parseBody(response, text) });
        } catch (error) {
          reject(describe(socketPath, error as Error));
        }
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    sent.on('error', (error) => reject(describe(socketPath, error)));
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function parseBody(response: IncomingMessage, text: string): unknown {
  if (text === '') return null;
  const isText = response.headers['content-type']?.startsWith('text/plain') ?? false;
  return isText ? text : JSON.parse(text);
}

function describe(socketPath: string, error: NodeJS.ErrnoException): ZProxyError {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
    const text = `no ZProxy answers at ${socketPath}; start it with this config, or name another`;
    return new ZProxyError('ZP_NOT_RUNNING', text, { cause: error });
  }
  const text = `asking the ZProxy at ${socketPath} failed: ${error.message}`;
  return new ZProxyError('ZP_CONTROL', text, { cause: error });
}
