// Medians, and the ratio of two series that were measured in the same rounds.

/** Median and extremes. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, least: sorted[0]!, most: sorted.at(-1)! };
}

/** `ours[i] / theirs[i]` of each round. */
export function summariseRatio(ours: readonly number[], theirs: readonly number[]): Summary {
  return summarise(ours.map((value, index) => value / theirs[index]!));
}
