// Asks a running ZProxy through its control socket.

import { ZProxyError } from '../base/errors.ts';
import { nodeHttp } from './node_http.ts';

const TIMEOUT_MS = 10_000;
const BODY_BYTES_MAX: number = 64 * 1024 * 1024;

/** The answer; `body` is the parsed JSON, null where there is none. */
export interface ControlResponse {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Sends one request to the control socket at `socketPath`. Rejects with ZP_NOT_RUNNING where nobody
 * answers there, and with ZP_CONTROL for all else that goes wrong.
 */
export function requestControl(
  socketPath: string,
  method: string,
  urlPath: string,
): Promise<ControlResponse> {
  return new Promise((resolve, reject) => {
    const options = { socketPath, method, path: urlPath, timeout: TIMEOUT_MS };
    const sent = nodeHttp().request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > BODY_BYTES_MAX) sent.destroy(new Error('the answer is too long'));
      });
      response.on('error', (error) => reject(describe(socketPath, error)));
      response.on('end', () => {
        try {
          resolve({ status: response.statusCode!, body: text === '' ? null : JSON.parse(text) });
        } catch (error) {
          reject(describe(socketPath, error as Error));
        }
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    sent.on('error', (error) => reject(describe(socketPath, error)));
    sent.end();
  });
}

function describe(socketPath: string, error: NodeJS.ErrnoException): ZProxyError {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
    const text = `no ZProxy answers at ${socketPath}; start it with this config, or name another`;
    return new ZProxyError('ZP_NOT_RUNNING', text, { cause: error });
  }
  const text = `asking the ZProxy at ${socketPath} failed: ${error.message}`;
  return new ZProxyError('ZP_CONTROL', text, { cause: error });
}
