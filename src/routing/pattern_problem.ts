// What is wrong with a pattern that a user wrote: the config makes its error of it.

export class PatternProblem {
  /** What would have been right, to follow "wanted". */
  readonly wanted: string;
  /** What was most likely meant; '' where nothing suggests itself. */
  readonly suggestion: string;

  constructor(wanted: string, suggestion = '') {
    this.wanted = wanted;
    this.suggestion = suggestion;
  }
}
