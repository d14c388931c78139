// What a route asks of a request, as plain data with every pattern in its normal form: what the
// config builds, what the route table is compiled from and what `explain` reads. All conditions of
// a route must hold; of several hosts, paths, methods or addresses one must.

import type { AddressRange } from '../base/address_ranges.ts';

/** What a field, query parameter or cookie is asked. Values are compared byte by byte. */
export type ValueTest =
  | { readonly kind: 'present' }
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'prefix'; readonly value: string }
  /** Source of a regular expression for V8's linear engine; it need not match the whole value. */
  | { readonly kind: 'pattern'; readonly value: string };

/** A condition on one named value of a request. */
export interface ValueCondition {
  readonly on: 'header' | 'query' | 'cookie';
  /** Header names in lower case; query and cookie names as they are (case-sensitive). */
  readonly name: string;
  /** Of several values of that name one must pass; no value passes no test. */
  readonly test: ValueTest;
  /** The condition holds where the test fails, or there is no such value. */
  readonly isNegated: boolean;
}

/** A condition on the client's address. */
export interface AddressCondition {
  readonly ranges: readonly AddressRange[];
  /** The address must be in none of the ranges. */
  readonly isNegated: boolean;
}

/** What must hold for a route to be chosen. */
export interface RouteConditions {
  /**
   * `example.com`, `*.example.com` (one label), `**.example.com` (one or more labels), lower case,
   * IDNA-encoded, without port, IPv6 in brackets; none: any host.
   */
  readonly hosts: readonly string[];
  /** Path patterns (path_pattern.ts) in their normal form; none: any path. */
  readonly paths: readonly string[];
  /** Case-sensitive tokens; none: any method. */
  readonly methods: readonly string[];
  /** Of the client's connection, or what a trusted proxy says it was; '': either. */
  readonly scheme: '' | 'http' | 'https';
  readonly values: readonly ValueCondition[];
  readonly clientAddress: AddressCondition | null;
}

/** What is asked of a request beside its head. */
export interface RequestOrigin {
  readonly scheme: 'http' | 'https';
  /**
   * Numeric address of the client, as far as trusted proxies tell it; '' where there is none (Unix
   * socket). Called only by routes that ask for it.
   */
  clientHost(): string;
}
