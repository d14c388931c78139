// A route table and requests for it as the codec decodes them, for tests that read like tables:
// routes are written as users write them and compiled as a worker gets them.

import assert from 'node:assert/strict';
import { formatHostPattern, parseHostPattern } from '../../src/routing/host_pattern.ts';
import { formatPathPattern, parsePathPattern } from '../../src/routing/path_pattern.ts';
import { PatternProblem } from '../../src/routing/pattern_problem.ts';
import type { RequestOrigin, RouteConditions, ValueCondition } from '../../src/routing/route.ts';
import { RouteMatch, RouteTable } from '../../src/routing/route_table.ts';
import { compileRouteTable } from '../../src/routing/route_table_data.ts';
import type { GivenRequest } from './decoded_request.ts';
import { DecodedRequest } from './decoded_request.ts';

/** A route as the tests write it; what is missing asks nothing. */
export interface GivenRoute {
  readonly host?: string;
  readonly hosts?: readonly string[];
  readonly path?: string;
  readonly paths?: readonly string[];
  readonly methods?: readonly string[];
  readonly scheme?: 'http' | 'https';
  readonly values?: readonly ValueCondition[];
  readonly from?: string;
  readonly notFrom?: string;
}

/** What a request leads to: the route, and its parameters as `name=value`. */
export interface FoundRoute {
  readonly route: number;
  readonly params: string;
}

export class RouteWorld {
  readonly table: RouteTable;
  readonly request: DecodedRequest = new DecodedRequest();
  readonly result: RouteMatch = new RouteMatch();
  scheme: 'http' | 'https' = 'http';
  client = '192.0.2.1';

  constructor(...given: readonly GivenRoute[]) {
    // As it comes to a worker.
    this.table = new RouteTable(structuredClone(compileRouteTable(given.map(conditionsOf))));
  }

  find(target: string, more: Partial<GivenRequest> = {}): FoundRoute {
    this.request.decode({ target, ...more });
    const route = this.#match();
    const { result, table, request } = this;
    assert.equal(result.routeIndex, route);
    if (route < 0) {
      assert.equal(result.entryIndex, -1);
      assert.equal(result.paramsCount, 0);
      return { route, params: '' };
    }
    const names = table.paramNames(result.entryIndex);
    assert.equal(names.length, result.paramsCount);
    const params = names.map((name, i) => {
      return `${name}=${request.text(result.params[i * 2]!, result.params[i * 2 + 1]!)}`;
    });
    return { route, params: params.join(' ') };
  }

  route(target: string, more: Partial<GivenRequest> = {}): number {
    return this.find(target, more).route;
  }

  /** As of HTTP/1.0, where a request need not name a host. */
  routeWithoutHost(target: string): number {
    this.request.decode({ target });
    const { head } = this.request;
    head.authorityEnd = head.authorityStart;
    return this.#match();
  }

  allowed(target: string, more: Partial<GivenRequest> = {}): string {
    this.request.decode({ target, ...more });
    return this.table.allowedMethods(this.request.bytes, this.request.head, this.#origin());
  }

  #match(): number {
    return this.table.match(this.request.bytes, this.request.head, this.#origin(), this.result);
  }

  #origin(): RequestOrigin {
    return { scheme: this.scheme, clientHost: () => this.client };
  }
}

export function conditionsOf(given: GivenRoute): RouteConditions {
  const hosts = given.hosts ?? (given.host === undefined ? [] : [given.host]);
  const paths = given.paths ?? (given.path === undefined ? [] : [given.path]);
  const network = given.from ?? given.notFrom;
  const [host, bits] = (network ?? '/').split('/') as [string, string];
  const range = { host, family: host.includes(':') ? 6 : 4, bits: Number(bits) } as const;
  return {
    hosts: hosts.map((text) => {
      const parsed = parseHostPattern(text);
      assert.ok(!(parsed instanceof PatternProblem), text);
      return formatHostPattern(parsed);
    }),
    paths: paths.map((text) => {
      const parsed = parsePathPattern(text);
      assert.ok(
        !(parsed instanceof PatternProblem),
        `${text}: ${(parsed as PatternProblem).wanted}`,
      );
      return formatPathPattern(parsed);
    }),
    methods: given.methods ?? [],
    scheme: given.scheme ?? '',
    values: given.values ?? [],
    clientAddress:
      network === undefined ? null : { ranges: [range], isNegated: given.notFrom !== undefined },
  };
}

/** A condition on a header: its presence, or its exact value. */
export const header = (name: string, value?: string): ValueCondition => ({
  on: 'header',
  name,
  test: value === undefined ? { kind: 'present' } : { kind: 'exact', value },
  isNegated: false,
});
