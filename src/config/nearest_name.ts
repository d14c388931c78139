// "Did you mean": the known name that is fewest edits away from what was written.

/** The nearest of `names` within a third of the text's length (at least one edit), or ''. */
export function nearestName(text: string, names: readonly string[]): string {
  const wanted = text.toLowerCase();
  let nearest = '';
  let distanceLeast = Math.max(1, Math.floor(text.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(wanted, name.toLowerCase(), distanceLeast);
    if (distance < distanceLeast) {
      distanceLeast = distance;
      nearest = name;
    }
  }
  return nearest;
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours; `limit` where it is that or more.
 */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, beforeLast[j - 2]! + 1);
      }
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return Math.min(last[b.length]!, limit);
}
