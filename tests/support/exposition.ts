// Reads Prometheus' text format 0.0.4 as strictly as it is written: what a lenient reader would
// forgive (a family in two pieces, a series twice, a sample without TYPE) is thrown.

export interface Family {
  readonly type: string;
  readonly help: string;
  /** By the text between the braces, '' without labels. */
  readonly samples: Map<string, number>;
}

const HELP = /^# HELP ([a-z_:][a-z0-9_:]*) (.+)$/;
const TYPE = /^# TYPE ([a-z_:][a-z0-9_:]*) (counter|gauge)$/;
const LABEL = '[a-z_][a-z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const SAMPLE = new RegExp(`^([a-z_:][a-z0-9_:]*)(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\S+)$`);
const NUMBER = /^-?\d+(\.\d+)?(e[+-]\d+)?$|^[+-]Inf$|^NaN$/;

/** The families by name; throws where the text breaks a rule. */
export function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const lines = text.slice(0, -1).split('\n');
  for (let at = 0; at < lines.length; ) {
    const [, name = '', help = ''] = HELP.exec(lines[at]!) ?? wrong(lines, at, 'HELP');
    const [, typed, type = ''] = TYPE.exec(lines[at + 1] ?? '') ?? wrong(lines, at + 1, 'TYPE');
    if (typed !== name) wrong(lines, at + 1, `TYPE of ${name}`);
    if (families.has(name)) wrong(lines, at, 'a family only once');
    const samples = new Map<string, number>();
    at += 2;
    for (; at < lines.length && !lines[at]!.startsWith('#'); at++) {
      const [, owner, labels = '', value = ''] =
        SAMPLE.exec(lines[at]!) ?? wrong(lines, at, 'sample');
      if (owner !== name) wrong(lines, at, `sample of ${name}`);
      if (samples.has(labels)) wrong(lines, at, 'a series only once');
      if (!NUMBER.test(value)) wrong(lines, at, 'number');
      samples.set(labels, Number(value.replace('Inf', 'Infinity')));
    }
    if (samples.size === 0) wrong(lines, at - 1, 'a sample after it');
    families.set(name, { type, help, samples });
  }
  return families;
}

function wrong(lines: readonly string[], at: number, wanted: string): never {
  throw new Error(`line ${at + 1}: ${lines[at]}: wanted ${wanted}`);
}
