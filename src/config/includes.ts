// `include`: which files a configuration names, by name or with a pattern. Patterns may match
// nothing; a name must be there. No file is read twice: one that includes itself would never end,
// one that is included from two places would define everything twice.

import { globSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { formatLocation } from '../base/errors.ts';
import type { ConfigIssue, ConfigIssueCode } from './config_issue.ts';
import { type PartPlace, partIssue } from './config_part.ts';
import type { KeyPath } from './key_path.ts';

/** A file to read. */
export interface IncludedFile {
  /** As messages show it. */
  readonly file: string;
  readonly realPath: string;
}

export interface Includes {
  /** In the order in which they are to be read. */
  readonly files: readonly IncludedFile[];
  readonly issues: readonly ConfigIssue[];
}

/** A name with one of these is a pattern. */
const PATTERN = /[*?[\]{}]/;
const WANTED = 'a path such as "routes.yaml", a pattern such as "conf.d/*.yaml", or a list of them';

export class IncludeFinder {
  /** Real path to where it was included, for messages. */
  readonly #included: Map<string, string>;

  constructor() {
    this.#included = new Map();
  }

  /** The files that `include` of the file `self` means; `above` are those that include `self`. */
  find(
    include: unknown,
    place: PartPlace,
    self: IncludedFile,
    above: readonly IncludedFile[],
  ): Includes {
    const files: IncludedFile[] = [];
    const issues: ConfigIssue[] = [];
    const own = new Set<string>(); // a name before a pattern that matches it decides the order
    for (const { path, value } of entriesOf(include)) {
      const issue = (code: ConfigIssueCode, wanted: string): void => {
        issues.push(partIssue(place, path, { code, value, wanted }));
      };
      if (typeof value !== 'string' || value === '' || value.includes('\0')) {
        issue('ZP_CONFIG_VALUE', WANTED);
        continue;
      }
      const isPattern = PATTERN.test(value);
      for (const file of matches(value, self, isPattern)) {
        const refusal = this.#refuse(file, isPattern, self, above, own);
        if (refusal === 'skip') continue;
        if (refusal !== null) {
          issue('ZP_CONFIG_INCLUDE', refusal);
          continue;
        }
        own.add(file.realPath);
        const at = place.positions.locate(path, 'value');
        this.#included.set(file.realPath, formatLocation({ file: place.file, ...at }));
        files.push(file);
      }
    }
    return { files, issues };
  }

  /** Why a file cannot be included; null where it can. */
  #refuse(
    { file, realPath }: IncludedFile,
    isPattern: boolean,
    self: IncludedFile,
    above: readonly IncludedFile[],
    own: ReadonlySet<string>,
  ): string | null {
    if (realPath === '') {
      return isFolder(resolve(file))
        ? `${file} is a folder; name its files with a pattern such as "folder/*.yaml"`
        : `there is no file ${file}; write it, or mend the path`;
    }
    // `*.yaml` beside the file itself means the other ones.
    if (isPattern && (realPath === self.realPath || own.has(realPath))) return 'skip';
    const chain = [...above, self];
    const from = chain.findIndex((parent) => parent.realPath === realPath);
    if (from >= 0) {
      const names = [...chain.slice(from).map((parent) => parent.file), file];
      return `the file includes itself: ${names.join(' -> ')}`;
    }
    const before = this.#included.get(realPath);
    return before === undefined ? null : `${file} is included already at ${before}`;
  }
}

function entriesOf(include: unknown): { readonly path: KeyPath; readonly value: unknown }[] {
  if (include === undefined) return [];
  if (!Array.isArray(include)) return [{ path: ['include'], value: include }];
  return include.map((value: unknown, index) => ({ path: ['include', index], value }));
}

/** A name that is not there has no real path. */
function matches(value: string, self: IncludedFile, isPattern: boolean): IncludedFile[] {
  const folder = dirname(self.realPath);
  const names = isPattern ? globSync(value, { cwd: folder }).toSorted(compareTexts) : [value];
  return names.flatMap((name) => {
    const realPath = existingFile(resolve(folder, name));
    return isPattern && realPath === '' ? [] : [{ file: shownAs(name, self), realPath }];
  });
}

/** Patterns may match folders and links to nothing: neither is a file. */
function existingFile(path: string): string {
  try {
    return isFolder(path) ? '' : realpathSync(path);
  } catch {
    return '';
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Beside the including file as that is shown, unless that is a link from another folder. */
function shownAs(name: string, self: IncludedFile): string {
  if (name.startsWith('/')) return name;
  const folder = dirname(self.file);
  const isReal = resolve(folder) === dirname(self.realPath);
  return isReal ? join(folder, name) : resolve(dirname(self.realPath), name);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
