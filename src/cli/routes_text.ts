// The route table as lines for people: columns that line up, one row per host and path.

import type { ListedRoute } from '../server/explain/list_routes.ts';
import { formatPlace } from './place_text.ts';
import type { Terminal } from './terminal.ts';

const HEAD = ['host', 'path', 'method', 'action', 'conditions', 'middleware', 'route'];

/** Columns in which no row has anything are left out. */
export function formatRoutes(routes: readonly ListedRoute[], terminal: Terminal): string[] {
  const rows = routes.map((route) => [
    route.host === '' ? '*' : route.host,
    route.path === '' ? '*' : route.path,
    route.methods.length === 0 ? '*' : route.methods.join(','),
    route.action,
    route.conditions.join('; '),
    route.middleware.join(', '),
    `${route.name} (${formatPlace(route.source)})`,
  ]);
  const used = HEAD.map((_, column) => rows.some((row) => row[column] !== ''));
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .filter((_, column) => used[column])
      .join('  ')
      .trimEnd();
  return [terminal.bold(line(HEAD)), ...rows.map(line)];
}
