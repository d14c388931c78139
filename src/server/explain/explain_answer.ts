// What the proxy answers on its own account, for `explain`.

import { EXCHANGE_ERRORS, type ExchangeError } from '../../http/exchange_error.ts';
import type { RouteAction } from '../../proxy/options.ts';
import type { ExplainedAnswer } from './explanation.ts';

/** A refusal; `remedy` says how a configuration would let it pass. */
export function answerOfError(
  error: ExchangeError,
  headers: ExplainedAnswer['headers'] = [],
  remedy: string = '',
): ExplainedAnswer {
  const { code, status, text } = EXCHANGE_ERRORS[error]!;
  const reason = remedy === '' ? text : `${text.replace(/\.$/, '')}; ${remedy}.`;
  return { status, error: code, reason, headers, bodyBytes: 0 };
}

/** OPTIONS and TRACE that are not for anybody behind the proxy. */
export function answerOfServer(): ExplainedAnswer {
  const reason = 'The request is about the proxy itself, which answers it.';
  return { status: 200, error: '', reason, headers: [], bodyBytes: 0 };
}

/** A redirect to `location`, or a fixed answer. */
export function answerOfRoute(
  action: Exclude<RouteAction, { kind: 'forward' }>,
  location: string,
): ExplainedAnswer {
  if (action.kind === 'redirect') {
    const reason = `The route redirects to ${location}`;
    const headers = [['Location', location]] as const;
    return { status: action.status, error: '', reason, headers, bodyBytes: 0 };
  }
  const { body, fields, status } = action;
  const type =
    body === null || body.contentType === '' ? [] : [['Content-Type', body.contentType] as const];
  return {
    status,
    error: '',
    reason: 'The route answers.',
    headers: [...fields, ...type],
    bodyBytes: body === null ? 0 : body.bytes.length,
  };
}
