// Positions inside object literals of JavaScript, and so of JSON, too. Names of top-level
// constants are followed, `defineConfig(...)` and the like are looked through; what is computed
// has no position of its own and is shown where the computation stands.

import type { Expression, Pattern, Program, Property, SpreadElement, Super } from 'acorn';
import type { KeyPath } from './key_path.ts';
import { type Position, type Positions, positionOf } from './positions.ts';

type AnyNode = Expression | Pattern | SpreadElement | Super;

/** A constant that is defined by itself would be followed for ever. */
const FOLLOWED_NAMES_MAX = 32;

export class LiteralPositions implements Positions {
  readonly #text: string;
  readonly #root: AnyNode | null;
  readonly #constants: ReadonlyMap<string, AnyNode>;

  /** `program` is the parsed `text`; offsets of the two are the same. */
  constructor(text: string, program: Program) {
    this.#text = text;
    this.#constants = topLevelConstants(program);
    this.#root = exportedExpression(program);
  }

  locate(path: KeyPath, at: 'key' | 'value'): Position | null {
    if (this.#root === null) return this.#positionOfDefineConfig();
    let node: AnyNode = this.#resolve(this.#root);
    if (node.type !== 'ObjectExpression') {
      return this.#positionOfDefineConfig() ?? positionOf(this.#text, node.start);
    }
    let shown: AnyNode = node;
    for (const [depth, key] of path.entries()) {
      const found = this.#child(node, key);
      if (found === null) break;
      node = this.#resolve(found.value);
      shown = at === 'key' && depth === path.length - 1 ? found.key : node;
    }
    return positionOf(this.#text, shown.start);
  }

  #positionOfDefineConfig(): Position | null {
    const match = /\bdefineConfig\s*\(/.exec(this.#text);
    return match === null ? null : positionOf(this.#text, match.index);
  }

  #child(parent: AnyNode, key: string | number): { key: AnyNode; value: AnyNode } | null {
    const node = this.#resolve(parent);
    if (node.type === 'ArrayExpression') return elementAt(node.elements, Number(key));
    if (node.type !== 'ObjectExpression') return null;
    // The last one wins, as it does when the literal is evaluated.
    for (const property of node.properties.toReversed()) {
      if (property.type === 'SpreadElement') {
        const spread = this.#child(property.argument, key);
        if (spread !== null) return spread;
      } else if (keyOf(property) === String(key)) {
        return { key: property.key, value: property.value };
      }
    }
    return null;
  }

  /** The literal behind names of constants and wrapping calls. */
  #resolve(node: AnyNode): AnyNode {
    let resolved = node;
    for (let i = 0; i < FOLLOWED_NAMES_MAX; i++) {
      const next = this.#behind(resolved);
      if (next === null) break;
      resolved = next;
    }
    return resolved;
  }

  #behind(node: AnyNode): AnyNode | null {
    if (node.type === 'Identifier') return this.#constants.get(node.name) ?? null;
    if (node.type === 'ParenthesizedExpression') return node.expression;
    if (node.type === 'AwaitExpression') return node.argument;
    const isDefineConfig =
      node.type === 'CallExpression' &&
      node.callee.type === 'Identifier' &&
      node.callee.name === 'defineConfig';
    return isDefineConfig ? (node.arguments[0] ?? null) : null;
  }
}

function elementAt(
  elements: readonly (Expression | SpreadElement | null)[],
  index: number,
): { key: AnyNode; value: AnyNode } | null {
  // Behind a spread the index of an element is not known from the text.
  const isKnown = elements.slice(0, index + 1).every((item) => item?.type !== 'SpreadElement');
  const element = elements[index];
  return isKnown && element ? { key: element, value: element } : null;
}

function keyOf(property: Property): string | null {
  if (property.key.type === 'Identifier') return property.computed ? null : property.key.name;
  return property.key.type === 'Literal' ? String(property.key.value) : null;
}

function topLevelConstants(program: Program): Map<string, AnyNode> {
  const constants = new Map<string, AnyNode>();
  for (const statement of program.body) {
    const declaration =
      statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration?.type !== 'VariableDeclaration' || declaration.kind !== 'const') continue;
    for (const { id, init } of declaration.declarations) {
      if (id.type === 'Identifier' && init) constants.set(id.name, init);
    }
  }
  return constants;
}

/** What the module exports as default; for JSON, which is one expression, that expression. */
function exportedExpression(program: Program): AnyNode | null {
  for (const statement of program.body) {
    if (statement.type === 'ExportDefaultDeclaration') {
      const { declaration } = statement;
      const isExpression =
        declaration.type !== 'FunctionDeclaration' && declaration.type !== 'ClassDeclaration';
      return isExpression ? declaration : null;
    }
    if (statement.type === 'ExportNamedDeclaration') {
      for (const { exported, local } of statement.specifiers) {
        const isDefault = exported.type === 'Identifier' && exported.name === 'default';
        if (isDefault && local.type === 'Identifier') return local;
      }
    }
  }
  const [first] = program.body;
  return program.body.length === 1 && first?.type === 'ExpressionStatement'
    ? first.expression
    : null;
}
