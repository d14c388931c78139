// `hostHeader`: which Host an endpoint is sent. Any text but the two words is a fixed value, so a
// misspelt word would quietly become a host: what is one typo away from a word is refused.

import type { HostHeader } from '../upstream/options.ts';
import { isHost } from './host_name.ts';
import { nearestName } from './nearest_name.ts';
import { Refusal } from './refusal.ts';

const WANTED = '"preserve", "endpoint" or a fixed host such as "example.com" or "example.com:8080"';
const WORDS = ['preserve', 'endpoint'] as const;

/** Parses `hostHeader`. */
export function parseHostHeader(value: unknown): HostHeader | Refusal {
  if (typeof value !== 'string') return new Refusal(WANTED);
  if (value === 'preserve') return { kind: 'preserve' };
  if (value === 'endpoint') return { kind: 'endpoint' };
  const word = nearestName(value, WORDS);
  if (word !== '') return new Refusal(WANTED, word);
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(value);
  const host = match?.[1] ?? match?.[2] ?? '';
  const isBracketed = match?.[1] !== undefined;
  const port = Number(match?.[3] ?? 1);
  if (!isHost(host) || isBracketed !== host.includes(':') || port < 1 || port > 65_535) {
    return new Refusal(WANTED);
  }
  return { kind: 'fixed', value };
}
