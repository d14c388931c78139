// The one text form of an IPv6 address (RFC 5952), so that `[0:0::1]` and `[::1]` are the same
// host.

/** `words` as parseAddress (base/address_ranges.ts) yields them: two for an IPv4-mapped one. */
export function formatAddressV6(words: readonly number[]): string {
  if (words.length === 2) {
    const [high, low] = words as [number, number];
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  // Section 4.2: the longest run of two zero groups or more, the first of equal ones.
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < words.length; i++) {
    let end = i;
    while (end < words.length && words[end] === 0) end++;
    if (end - i > runLength) {
      runStart = i;
      runLength = end - i;
    }
  }
  if (runStart < 0) return formatGroups(words);
  const head = formatGroups(words.slice(0, runStart));
  return `${head}::${formatGroups(words.slice(runStart + runLength))}`;
}

function formatGroups(words: readonly number[]): string {
  return words.map((word) => word.toString(16)).join(':');
}
