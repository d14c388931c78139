// A table and a request for it, ready to be matched many times: the head as the codec leaves it.

import { FieldId } from '../../../src/http/field_names.ts';
import { RequestHead } from '../../../src/http/message_head.ts';
import { Method } from '../../../src/http/methods.ts';
import { formatPathPattern, parsePathPattern } from '../../../src/routing/path_pattern.ts';
import { PatternProblem } from '../../../src/routing/pattern_problem.ts';
import type { RequestOrigin, RouteConditions } from '../../../src/routing/route.ts';
import { RouteMatch, RouteTable } from '../../../src/routing/route_table.ts';
import { compileRouteTable } from '../../../src/routing/route_table_data.ts';
import type { Route } from './find_my_way_cases.ts';

export const ORIGIN: RequestOrigin = { scheme: 'http', clientHost: () => '192.0.2.1' };

export const VERSION_FIELD = 'accept-version';

/** What a request needs for a case. */
export interface GivenRequest {
  readonly path: string;
  readonly host?: string | undefined;
  readonly version?: string | undefined;
}

export function conditionsOf(route: Route): RouteConditions {
  const parsed = parsePathPattern(route.path);
  if (parsed instanceof PatternProblem) throw new Error(`${route.path}: ${parsed.wanted}`);
  const major = route.version?.split('.')[0];
  return {
    hosts: route.host === undefined ? [] : [route.host],
    paths: [formatPathPattern(parsed)],
    methods: ['GET'],
    scheme: '',
    values:
      major === undefined
        ? []
        : [
            {
              on: 'header',
              name: VERSION_FIELD,
              test: { kind: 'prefix', value: `${major}.` },
              isNegated: false,
            },
          ],
    clientAddress: null,
  };
}

export class TableRequest {
  readonly table: RouteTable;
  readonly result: RouteMatch = new RouteMatch();
  readonly bytes: Uint8Array;
  readonly heads: RequestHead[] = [];

  constructor(conditions: readonly RouteConditions[], requests: readonly GivenRequest[]) {
    this.table = new RouteTable(structuredClone(compileRouteTable(conditions)));
    let text = '';
    for (const { path, host = '', version } of requests) {
      const head = new RequestHead();
      head.method = Method.GET;
      head.authorityStart = text.length;
      text += host;
      head.authorityEnd = head.targetStart = text.length;
      text += path;
      head.targetEnd = head.pathEnd = text.length;
      head.hasPathEscapes = path.includes('%');
      if (version !== undefined) {
        const start = text.length;
        text += `${VERSION_FIELD}: ${version}`;
        const nameEnd = start + VERSION_FIELD.length;
        head.fields.addLine(start, nameEnd, nameEnd + 2, text.length, FieldId.UNKNOWN);
      }
      this.heads.push(head);
    }
    this.bytes = new TextEncoder().encode(text);
  }

  /** Index of the route of one of the requests. */
  match(request: number): number {
    return this.table.match(this.bytes, this.heads[request]!, ORIGIN, this.result);
  }
}
