// What a plain (unquoted) YAML scalar is: the core schema of YAML 1.2, section 10.3.2. `yes`, `on`
// and dates are texts.

const INTEGER = /^[-+]?[0-9]+$/;
const OCTAL = /^0o[0-7]+$/;
const HEXADECIMAL = /^0x[0-9a-fA-F]+$/;
const DECIMAL = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INFINITE = /^[-+]?\.(?:inf|Inf|INF)$/;
/** Whatever is not a text begins with one of these. */
const FIRST = /^[-+.0-9~nNtTfF]/;

/** The value of a plain scalar whose text is `text`. */
export function plainScalar(text: string): string | number | boolean | null {
  if (text === '') return null;
  if (!FIRST.test(text)) return text;
  switch (text) {
    case '~':
    case 'null':
    case 'Null':
    case 'NULL':
      return null;
    case 'true':
    case 'True':
    case 'TRUE':
      return true;
    case 'false':
    case 'False':
    case 'FALSE':
      return false;
    default:
      return plainNumber(text);
  }
}

function plainNumber(text: string): string | number {
  if (INTEGER.test(text) || DECIMAL.test(text)) return Number(text);
  if (OCTAL.test(text) || HEXADECIMAL.test(text)) return Number(text);
  if (INFINITE.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return text === '.nan' || text === '.NaN' || text === '.NAN' ? Number.NaN : text;
}
