// JSON to plain data with positions. JSON.parse decides what is valid; the positions come from
// reading the same text as an expression of JavaScript, of which JSON is a subset.

import { type Expression, parse, parseExpressionAt } from 'acorn';
import type { ConfigTextError, ConfigTextResult } from './config_text.ts';
import { LiteralPositions } from './literal_positions.ts';
import { positionOf } from './positions.ts';

export function readJson(text: string): ConfigTextResult {
  // A byte order mark is not JSON, but some editors write one.
  const body = text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text;
  let data: unknown;
  try {
    data = JSON.parse(body);
  } catch (error) {
    return { textErrors: [syntaxError(body, error as SyntaxError)] };
  }
  const options = { ecmaVersion: 'latest' } as const;
  const expression = parseExpressionAt(body, 0, options);
  const twice = repeatedKeys(expression).map(
    ({ name, offset }): ConfigTextError => ({
      code: 'ZP_CONFIG_SYNTAX',
      text: `the key ${JSON.stringify(name)} stands twice in one object`,
      position: positionOf(body, offset),
    }),
  );
  if (twice.length > 0) return { textErrors: twice };
  const program = parse('', options);
  program.body.push({
    type: 'ExpressionStatement',
    expression,
    start: expression.start,
    end: expression.end,
  });
  return { data, positions: new LiteralPositions(body, program) };
}

function syntaxError(text: string, error: SyntaxError): ConfigTextError {
  const at = / at position (\d+)/.exec(error.message);
  const sentence = error.message.replace(/ at position \d+.*$/s, '').replace(/ in JSON$/, '');
  const offset = at === null ? text.length : Number(at[1]);
  return { code: 'ZP_CONFIG_SYNTAX', text: sentence, position: positionOf(text, offset) };
}

/** JSON.parse takes the last of two equal keys without a word. */
function repeatedKeys(node: Expression): { name: string; offset: number }[] {
  if (node.type === 'ArrayExpression') {
    return node.elements.flatMap((item) => repeatedKeys(item as Expression));
  }
  if (node.type !== 'ObjectExpression') return [];
  const seen = new Set<string>();
  return node.properties.flatMap((property) => {
    if (property.type !== 'Property' || property.key.type !== 'Literal') return [];
    const name = String(property.key.value);
    const inside = repeatedKeys(property.value);
    if (seen.has(name)) return [{ name, offset: property.start }, ...inside];
    seen.add(name);
    return inside;
  });
}
