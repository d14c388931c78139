// What a check has found, and how it is shown.

/** One breach of a rule. `line` 0: the whole file. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly text: string;
}

/** `path:line: rule: text`, as editors understand it. */
function formatViolation(violation: Violation): string {
  const place = violation.line === 0 ? violation.path : `${violation.path}:${violation.line}`;
  return `${place}: ${violation.rule}: ${violation.text}`;
}

/** Prints all violations and sets the exit code; says nothing where there are none. */
export function reportViolations(violations: readonly Violation[]): void {
  for (const violation of violations) console.error(formatViolation(violation));
  if (violations.length > 0) process.exitCode = 1;
}
