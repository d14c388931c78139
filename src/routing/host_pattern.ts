// The host of a route as users write it, parsed. Config-time only.
//
//   example.com        this host          *.example.com     one label before it
//   192.0.2.1, [::1]   numeric            **.example.com    one label or more
//
// The normal form is lower case, IDNA-encoded (domainToASCII), without port and without the dot of
// a fully qualified name; IPv6 in brackets and in the form of RFC 5952.

import { domainToASCII } from 'node:url';
import { parseAddress } from '../base/address_ranges.ts';
import { formatAddressV6 } from './address_text.ts';
import { PatternProblem } from './pattern_problem.ts';

export interface HostPattern {
  readonly kind: 'exact' | 'one-label' | 'any-depth';
  /** The host itself, or what follows the wildcard and its dot. */
  readonly name: string;
}

const WANTED =
  'a host name without a port, such as "example.com", "*.example.com" or "**.example.com"';
const NAME_LENGTH_MAX = 253;
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Parses the host pattern of a route. */
export function parseHostPattern(text: string): HostPattern | PatternProblem {
  const host = text.toLowerCase();
  const stars = /^(\*\*?)\./.exec(host)?.[1] ?? '';
  const rest = stars === '' ? host : host.slice(stars.length + 1);
  const name = stars === '' ? readHost(rest) : readName(rest);
  if (name === '') return new PatternProblem(WANTED, suggest(host));
  const kind = stars === '' ? 'exact' : stars === '*' ? 'one-label' : 'any-depth';
  return { kind, name };
}

/** Reads a pattern in its normal form again. It has been checked. */
export function readHostPattern(normal: string): HostPattern {
  if (normal.startsWith('**.')) return { kind: 'any-depth', name: normal.slice(3) };
  if (normal.startsWith('*.')) return { kind: 'one-label', name: normal.slice(2) };
  return { kind: 'exact', name: normal };
}

/** The pattern's normal form. Parsing it again yields the same pattern. */
export function formatHostPattern(pattern: HostPattern): string {
  switch (pattern.kind) {
    case 'exact':
      return pattern.name;
    case 'one-label':
      return `*.${pattern.name}`;
    case 'any-depth':
      return `**.${pattern.name}`;
  }
}

/** Normal form of a host without wildcard; '' where it is none. */
function readHost(host: string): string {
  const inner = /^\[(.*)\]$/.exec(host)?.[1];
  if (inner !== undefined) {
    const words = inner.includes(':') && !inner.includes('%') ? parseAddress(inner) : null;
    return words === null ? '' : `[${formatAddressV6(words)}]`;
  }
  if (!host.includes(':') && parseAddress(host) !== null) return host;
  return readName(host);
}

/** Normal form of a host name; '' where it is none. */
function readName(text: string): string {
  const isAscii = /^[\x21-\x7e]*$/.test(text);
  // What IDNA leaves of "a/b" or "a:1" is for suggestions, not for silent use.
  if (!isAscii && /[\s:/?#@[\]\\%*]/.test(text)) return '';
  const name = isAscii ? text : domainToASCII(text);
  if (name === '' || name.length > NAME_LENGTH_MAX) return '';
  const labels = name.split('.');
  // A name whose last label is a number is a broken IPv4 address.
  if (/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1)!)) return '';
  return labels.every((label) => LABEL.test(label)) ? name : '';
}

/** What was most likely meant: without scheme, port, path and final dot; '' where unknown. */
function suggest(host: string): string {
  const bare = host
    .replace(/^[a-z][a-z0-9+.-]*:\/\//, '')
    .replace(/[/?#].*$/, '')
    .replace(/^.*@/, '');
  if (bare === '*' || bare === '**') return '';
  const isAddress = bare.includes(':') && !bare.startsWith('[') && parseAddress(bare) !== null;
  if (isAddress) return `[${formatAddressV6(parseAddress(bare)!)}]`;
  const stars = /^(\*\*\.|\*\.|\*|\.)/.exec(bare)?.[0] ?? '';
  const name = bare
    .slice(stars.length)
    .replace(/(?<!^\[.*):\d*$|(?<=\]):\d*$/, '')
    .replace(/\.$/, '');
  const prefix = stars === '**.' ? '**.' : stars === '' ? '' : '*.';
  const normal = prefix === '' ? readHost(name) : readName(name);
  const suggestion = normal === '' ? '' : prefix + normal;
  return suggestion === host ? '' : suggestion;
}
