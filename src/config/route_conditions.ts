// What a parsed route asks of a request, in the form that the routing layer compiles: every kind of
// test in one list, names of header fields in lower case.

import type { RouteConditions, ValueCondition, ValueTest } from '../routing/route.ts';
import type { ParsedRoute, ParsedValueTest, ParsedValueTests } from './parsed_config.ts';

/** Shared by all routes that ask for nothing there. */
const NOTHING: readonly never[] = Object.freeze([]);

/** The conditions of one route. */
export function conditionsOf(route: ParsedRoute): RouteConditions {
  return {
    hosts: route.host ?? NOTHING,
    paths: route.path ?? NOTHING,
    methods: route.method ?? NOTHING,
    scheme: route.scheme ?? '',
    values: allValues(route),
    clientAddress: route.clientIp ?? null,
  };
}

function allValues({ headers, query, cookies }: ParsedRoute): readonly ValueCondition[] {
  if (headers === undefined && query === undefined && cookies === undefined) return NOTHING;
  return [
    ...valuesOf('header', headers),
    ...valuesOf('query', query),
    ...valuesOf('cookie', cookies),
  ];
}

function valuesOf(on: ValueCondition['on'], tests: ParsedValueTests | undefined): ValueCondition[] {
  if (tests === undefined) return [];
  return Object.entries(tests).map(([name, written]) => ({
    on,
    name: on === 'header' ? name.toLowerCase() : name,
    test: testOf(written),
    isNegated: written.not ?? false,
  }));
}

function testOf(written: ParsedValueTest): ValueTest {
  if (written.exact !== undefined) return { kind: 'exact', value: written.exact };
  if (written.prefix !== undefined) return { kind: 'prefix', value: written.prefix };
  if (written.pattern !== undefined) return { kind: 'pattern', value: written.pattern };
  return { kind: 'present' };
}
