// Pages of the operator for statuses: which one an answer gets.

import type { ErrorPage } from './options.ts';

/** The first page for `status` among those of the route and then the global ones, or null. */
export function findErrorPage(
  own: readonly ErrorPage[],
  global: readonly ErrorPage[],
  status: number,
): ErrorPage | null {
  return find(own, status) ?? find(global, status);
}

function find(pages: readonly ErrorPage[], status: number): ErrorPage | null {
  for (let i = 0; i < pages.length; i++) {
    const page = pages[i]!;
    if (page.statusMin <= status && status <= page.statusMax) return page;
  }
  return null;
}
