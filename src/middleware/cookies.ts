// Cookies of a request (RFC 6265 section 5.4): `name=value; name=value`. Values are taken as they
// are, quotes and escapes included; of two with one name the first counts.

/** The value of that cookie in one Cookie field; null where it is not there. */
export function cookieValue(list: string, name: string): string | null {
  let from = 0;
  while (from < list.length) {
    const next = endOfPair(list, from);
    const start = skipSpace(list, from);
    const equals = start + name.length;
    if (equals < next && list.startsWith(name, start)) {
      const at = skipSpace(list, equals);
      if (list[at] === '=' && at < next) return list.slice(at + 1, next).trim();
    }
    from = next + 1;
  }
  return null;
}

/** Adds the pairs of one Cookie field whose names are not there yet. */
export function addCookies(list: string, cookies: Record<string, string>): void {
  let from = 0;
  while (from < list.length) {
    const next = endOfPair(list, from);
    const equals = list.indexOf('=', from);
    if (equals >= 0 && equals < next) {
      const name = list.slice(from, equals).trim();
      if (name !== '') cookies[name] ??= list.slice(equals + 1, next).trim();
    }
    from = next + 1;
  }
}

function endOfPair(list: string, from: number): number {
  const end = list.indexOf(';', from);
  return end < 0 ? list.length : end;
}

function skipSpace(list: string, from: number): number {
  let at = from;
  while (list[at] === ' ' || list[at] === '\t') at++;
  return at;
}
