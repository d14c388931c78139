// Positions inside object literals of JavaScript and TypeScript (types blanked out). Names of
// constants are followed, `defineConfig(...)`, functions that give the configuration and factories
// of middleware are looked through; what is computed has no position of its own and is shown where
// the computation stands.

import type {
  ArrayExpression,
  BlockStatement,
  Expression,
  FunctionDeclaration,
  Pattern,
  Program,
  Property,
  SpreadElement,
  Statement,
  Super,
} from 'acorn';
import type { KeyPath } from './key_path.ts';
import { LineTable, type Position, type TextPositions } from './positions.ts';

type AnyNode = Expression | Pattern | SpreadElement | Super | FunctionDeclaration;

/** A constant that is defined by itself would be followed for ever. */
const FOLLOWED_NAMES_MAX = 32;

export class LiteralPositions implements TextPositions {
  readonly #text: string;
  readonly #lines: LineTable;
  readonly #root: AnyNode | null;
  readonly #constants: Map<string, AnyNode>;
  /** Elements of arrays, spread ones included; they end where an index is no longer known. */
  readonly #elements: Map<ArrayExpression, (Expression | null)[]>;

  /** `program` is the parsed `text`; offsets of the two are the same. */
  constructor(text: string, program: Program) {
    this.#text = text;
    this.#lines = new LineTable(text);
    this.#constants = new Map();
    this.#elements = new Map();
    this.#addConstants(program.body as readonly Statement[]);
    this.#root = exportedExpression(program);
  }

  locate(path: KeyPath, at: 'key' | 'value'): Position | null {
    if (this.#root === null) return this.#positionOfDefineConfig();
    let node: AnyNode = this.#resolve(this.#root);
    if (node.type !== 'ObjectExpression') {
      return this.#positionOfDefineConfig() ?? this.#lines.positionOf(node.start);
    }
    let shown: AnyNode = node;
    for (const [depth, key] of path.entries()) {
      const found = this.#child(node, key);
      if (found === null) break;
      node = this.#resolve(found.value);
      shown = at === 'key' && depth === path.length - 1 ? found.key : node;
    }
    return this.#lines.positionOf(shown.start);
  }

  #positionOfDefineConfig(): Position | null {
    const match = /\bdefineConfig\s*\(/.exec(this.#text);
    return match === null ? null : this.#lines.positionOf(match.index);
  }

  #child(parent: AnyNode, key: string | number): { key: AnyNode; value: AnyNode } | null {
    const node = this.#resolve(parent);
    if (node.type === 'ArrayExpression') {
      const element = this.#elementsOf(node)[Number(key)];
      return element ? { key: element, value: element } : null;
    }
    // A factory of middleware: its argument is what `options`, or its own name, leads to.
    if (node.type === 'CallExpression' && node.callee.type === 'Identifier') {
      const [options] = node.arguments;
      const leads = key === 'options' || key === node.callee.name;
      return leads && options !== undefined ? { key: node, value: options } : null;
    }
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

  #elementsOf(array: ArrayExpression): readonly (Expression | null)[] {
    const known = this.#elements.get(array);
    if (known !== undefined) return known;
    const elements: (Expression | null)[] = [];
    this.#elements.set(array, elements); // an array that is spread into itself ends here
    for (const element of array.elements) {
      if (element?.type !== 'SpreadElement') {
        elements.push(element);
        continue;
      }
      const spread = this.#resolve(element.argument);
      // Behind what is computed the index of an element is not known from the text.
      if (spread.type !== 'ArrayExpression') break;
      elements.push(...this.#elementsOf(spread));
    }
    return elements;
  }

  /** The literal behind names of constants, functions and wrapping calls. */
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
    switch (node.type) {
      case 'Identifier':
        return this.#constants.get(node.name) ?? null;
      case 'ParenthesizedExpression':
        return node.expression;
      case 'AwaitExpression':
        return node.argument;
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
      case 'FunctionDeclaration':
        return node.body.type === 'BlockStatement' ? this.#returned(node.body) : node.body;
      case 'CallExpression': {
        const { callee } = node;
        const isDefineConfig = callee.type === 'Identifier' && callee.name === 'defineConfig';
        return isDefineConfig ? (node.arguments[0] ?? null) : null;
      }
      default:
        return null;
    }
  }

  /** What a function gives where it does not return early. */
  #returned(body: BlockStatement): AnyNode | null {
    this.#addConstants(body.body);
    const last = body.body.findLast(({ type }) => type === 'ReturnStatement');
    return last?.type === 'ReturnStatement' ? (last.argument ?? null) : null;
  }

  #addConstants(statements: readonly Statement[]): void {
    for (const statement of statements as Program['body']) {
      const declaration =
        statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
      if (declaration?.type === 'FunctionDeclaration' && declaration.id !== null) {
        this.#constants.set(declaration.id.name, declaration as FunctionDeclaration);
      }
      if (declaration?.type !== 'VariableDeclaration' || declaration.kind !== 'const') continue;
      for (const { id, init } of declaration.declarations) {
        if (id.type === 'Identifier' && init) this.#constants.set(id.name, init);
      }
    }
  }
}

function keyOf(property: Property): string | null {
  if (property.key.type === 'Identifier') return property.computed ? null : property.key.name;
  return property.key.type === 'Literal' ? String(property.key.value) : null;
}

/** What the module exports as default. */
function exportedExpression(program: Program): AnyNode | null {
  for (const statement of program.body) {
    if (statement.type === 'ExportDefaultDeclaration') {
      const { declaration } = statement;
      return declaration.type === 'ClassDeclaration' ? null : (declaration as AnyNode);
    }
    if (statement.type === 'ExportNamedDeclaration') {
      for (const { exported, local } of statement.specifiers) {
        const isDefault = exported.type === 'Identifier' && exported.name === 'default';
        if (isDefault && local.type === 'Identifier') return local;
      }
    }
  }
  return null;
}
