// An effective configuration as YAML, in which values that nobody wrote carry a comment.

import type { EffectiveFrom, EffectiveNode } from '../config/effective_node.ts';
import type { Terminal } from './terminal.ts';

const MARKS: Readonly<Record<EffectiveFrom, string>> = {
  written: '',
  default: 'default',
  inherited: 'from the top level',
};
/**
 * Texts that mean the same without quotes: durations and sizes, but no numbers, no
 * indicators, no words of YAML's own.
 */
const PLAIN = /^[A-Za-z/][\w./+-]*$|^\d+(?:ms|s|m|h|B|[KMG]i?B)$/;
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null)$/i;

/** A line, and where its value comes from. */
interface Line {
  readonly text: string;
  readonly from: EffectiveFrom;
}

export function formatYaml(root: EffectiveNode, terminal: Terminal): string[] {
  return inside(root, '').map(({ text, from }) =>
    from === 'written' ? text : `${text} ${terminal.faint(`# ${MARKS[from]}`)}`,
  );
}

/** The lines of what a list or an object holds. */
function inside(node: EffectiveNode, indent: string): Line[] {
  switch (node.kind) {
    case 'value':
      return [{ text: `${indent}${scalar(node.value)}`, from: node.from }];
    case 'map':
      return node.entries.flatMap(([key, inner]) =>
        entry(`${indent}${scalar(key)}:`, inner, indent),
      );
    case 'list':
      return node.items.flatMap((item) => listItem(item, indent));
  }
}

function entry(head: string, node: EffectiveNode, indent: string): Line[] {
  if (node.kind === 'value') return [{ text: `${head} ${scalar(node.value)}`, from: node.from }];
  if (isEmpty(node))
    return [{ text: `${head} ${node.kind === 'map' ? '{}' : '[]'}`, from: node.from }];
  return [{ text: head, from: 'written' }, ...inside(node, `${indent}  `)];
}

/** Its first line stands behind the dash. */
function listItem(item: EffectiveNode, indent: string): Line[] {
  if (item.kind !== 'value' && isEmpty(item)) {
    return [{ text: `${indent}- ${item.kind === 'map' ? '{}' : '[]'}`, from: item.from }];
  }
  const lines = inside(item, `${indent}  `);
  const [first, ...rest] = lines;
  const text = `${indent}- ${first!.text.slice(indent.length + 2)}`;
  return [{ ...first!, text }, ...rest];
}

function isEmpty(node: EffectiveNode): boolean {
  if (node.kind === 'value') return false;
  return (node.kind === 'map' ? node.entries : node.items).length === 0;
}

/** What JSON writes YAML reads as the same (YAML 1.2 section 1.3). */
function scalar(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return PLAIN.test(value) && !RESERVED.test(value) ? value : JSON.stringify(value);
}
