// How the parsers of single values say no: a value, so that the schema can collect all errors of
// a file.

/** A text that was refused. */
export class Refusal {
  /** What would have been right, as the object of "wanted": `a duration such as "5s"`. */
  readonly wanted: string;
  /** What was probably meant, ready to be pasted; '' where nothing is near. */
  readonly suggestion: string;

  constructor(wanted: string, suggestion = '') {
    this.wanted = wanted;
    this.suggestion = suggestion;
  }
}
