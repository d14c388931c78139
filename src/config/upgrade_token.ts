// Upgrade tokens that a route lets through: `websocket`, or another
// `protocol-name["/"protocol-version]` (RFC 9110 section 7.8).

import { Refusal } from './refusal.ts';

/** Parses an upgrade token into lower case. */
export function parseUpgradeToken(value: unknown): string | Refusal {
  const wanted = 'an Upgrade token such as "websocket"';
  if (typeof value !== 'string') return new Refusal(wanted);
  const token = value.toLowerCase();
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+(\/[!#$%&'*+.^_`|~0-9a-z-]+)?$/.test(token)) {
    return new Refusal(wanted);
  }
  // A tunnel that the endpoint takes for HTTP carries requests past every route.
  if (token === 'h2c' || token === 'h2' || token.startsWith('http')) {
    return new Refusal(`${wanted} (HTTP inside a tunnel would pass the routes unseen)`);
  }
  return token;
}
