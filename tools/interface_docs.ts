// The doc comments of exported interfaces, read from their source.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './steps.ts';
import { parseFile, type SyntaxNode, visit } from './syntax.ts';

/** One property of an interface. */
export interface MemberDoc {
  readonly key: string;
  /** Its comment as one line. */
  readonly text: string;
  readonly isRequired: boolean;
}

/** Interface name to its own members, over several files. */
export function readInterfaces(paths: readonly string[]): ReadonlyMap<string, MemberDoc[]> {
  const interfaces = new Map<string, MemberDoc[]>();
  for (const path of paths) {
    const text = readFileSync(join(ROOT, path), 'utf8');
    const syntax = parseFile(path, text);
    let members: MemberDoc[] = [];
    visit(syntax.program, (node) => {
      if (node.type === 'TSInterfaceDeclaration') {
        members = [];
        interfaces.set((node as SyntaxNode & { id: { name: string } }).id.name, members);
      }
      if (node.type !== 'TSPropertySignature') return;
      const { key, optional } = node as SyntaxNode & { key: { name: string }; optional: boolean };
      const comment = syntax.comments.findLast(({ end }) => end <= node.start);
      const isNext = comment !== undefined && text.slice(comment.end, node.start).trim() === '';
      const doc = isNext ? comment.value.replaceAll(/^[\s*]+/gm, ' ') : '';
      members.push({
        key: key.name,
        text: doc.replaceAll(/\s+/g, ' ').trim(),
        isRequired: !optional,
      });
    });
  }
  return interfaces;
}
