// Uses of middleware: what each refers to, and whether its options are accepted by the definition
// behind it. Definitions of users are found only where their modules were imported before, which is
// for whoever reads the file: `middlewareModules` says which.

import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { CompiledHeaders } from '../middleware/headers/headers_options.ts';
import type { MiddlewareUse } from '../middleware/middleware_use.ts';
import { BUILT_IN_NAMES, definedNames, findDefinition } from '../middleware/registry.ts';
import { type IssueDraft, valueAt } from './issue_draft.ts';
import type { KeyPath } from './key_path.ts';
import { nearestName } from './nearest_name.ts';
import type { ParsedMiddleware } from './parsed_config.ts';
import { Refusal } from './refusal.ts';
import { isObject } from './schema_shapes.ts';

const MODULE_KEYS = ['module', 'name', 'options'];
const MODULE_WANTED = 'a path such as "./auth.ts" from this file\'s folder, or a "file:" URL';

/** One use as written, and where. */
interface WrittenUse {
  readonly path: KeyPath;
  readonly value: unknown;
}

/** A module of the user's that a configuration names. */
export interface ModuleReference {
  /** `file:` URL of its real path. */
  readonly url: string;
  /** Where it is named first. */
  readonly path: KeyPath;
}

/**
 * Parses one use for the schema. What is wrong inside of it is for `checkMiddlewareUses`, which
 * says where.
 */
export function parseMiddlewareUse(value: unknown): ParsedMiddleware | Refusal {
  if (!isObject(value)) {
    const called = typeof value === 'function' ? '; call it, with its options' : '';
    return new Refusal(
      `an object such as { headers: ... } or { module: "./auth.ts" }${called}`,
      typeof value === 'string' && BUILT_IN_NAMES.includes(value) ? `{ ${value}: ... }` : '',
    );
  }
  if (Object.hasOwn(value, 'module')) {
    const { module, name, options } = value;
    return {
      module: typeof module === 'string' ? module : '',
      name: typeof name === 'string' ? name : '',
      options: options ?? {},
    };
  }
  const [name = ''] = Object.keys(value);
  return { module: '', name, options: value[name] };
}

/** The folder that a relative path in the value at `path` starts from. */
export type FolderOf = (path: KeyPath) => string;

/** The modules that the uses in `data` come from, each once. Broken uses are passed over. */
export function middlewareModules(data: unknown, folderOf: FolderOf): ModuleReference[] {
  const references = new Map<string, ModuleReference>();
  for (const { path, value } of usesIn(data)) {
    if (!isObject(value) || !Object.hasOwn(value, 'module')) continue;
    const url = moduleUrl(value['module'], folderOf(path));
    if (url instanceof Refusal || references.has(url)) continue;
    references.set(url, { url, path: [...path, 'module'] });
  }
  return [...references.values()];
}

/**
 * Drafts for every use that names nothing, or whose options are refused. `found` are the issues
 * that are known already: of a module that could not be imported nothing more is said.
 */
export function checkMiddlewareUses(
  data: unknown,
  folderOf: FolderOf,
  found: readonly IssueDraft[],
): IssueDraft[] {
  const broken = found.filter(({ path }) => path.at(-1) === 'module');
  const unloaded = new Set(
    broken.map(({ path }) => String(moduleUrl(valueAt(data, path), folderOf(path)))),
  );
  return usesIn(data).flatMap((use) => {
    const { path, value } = use;
    if (!isObject(value)) return []; // the schema's
    if (!Object.hasOwn(value, 'module')) return checkBuiltInUse(use, value);
    const draft = checkModuleKeys(path, value);
    if (draft.length > 0) return draft;
    const url = moduleUrl(value['module'], folderOf(path));
    if (!(url instanceof Refusal)) return unloaded.has(url) ? [] : checkModuleUse(use, value, url);
    return [refused([...path, 'module'], value['module'], url.wanted, url.suggestion)];
  });
}

/** A use whose definition is known, for the snapshot. */
export function buildMiddlewareUse(
  use: ParsedMiddleware,
  folder: string,
  source: unknown,
): MiddlewareUse {
  const { name } = use;
  // The snapshot is frozen; the user's objects are not ours to freeze.
  const options: unknown = structuredClone(use.options);
  if (use.module === '') return { name, module: '', options, source };
  const module = String(moduleUrl(use.module, folder));
  return { name: name === '' ? definedNames(module)[0]! : name, module, options, source };
}

/** Path parameters that the templates of a use ask for, as far as ZProxy can know. */
export function parametersOfUse(use: ParsedMiddleware): string[] {
  if (use.module !== '' || use.name !== 'headers') return [];
  let compiled: CompiledHeaders;
  try {
    compiled = findDefinition('', use.name)!.parse!(use.options) as CompiledHeaders;
  } catch {
    return []; // It has an error already.
  }
  const changes = [compiled.request, compiled.response].filter((side) => side !== null);
  return changes.flatMap(({ set, add }) => [...set, ...add].flatMap(({ value }) => value.params));
}

function checkModuleKeys(path: KeyPath, written: Readonly<Record<string, unknown>>): IssueDraft[] {
  const unknown = Object.keys(written).filter((key) => !MODULE_KEYS.includes(key));
  if (unknown.length > 0) return unknown.map((key) => unknownKey(path, key, MODULE_KEYS));
  const name = written['name'];
  if (name === undefined || typeof name === 'string') return [];
  return [refused([...path, 'name'], name, 'the name of a middleware')];
}

function checkModuleUse(
  { path }: WrittenUse,
  written: Readonly<Record<string, unknown>>,
  url: string,
): IssueDraft[] {
  const name = written['name'] as string | undefined;
  const names = definedNames(url);
  const known = quoted(names);
  if (names.length === 0) {
    const wanted = 'a module that calls "defineMiddleware" at its top level';
    return [refused([...path, 'module'], written['module'], wanted)];
  }
  if (name === undefined && names.length > 1) {
    const wanted = `the name of one of the module's middleware: ${known}`;
    return [{ ...refused([...path, 'name'], undefined, wanted), code: 'ZP_CONFIG_MISSING' }];
  }
  if (name !== undefined && !names.includes(name)) {
    const wanted = `one that the module defines: ${known}`;
    const draft = refused([...path, 'name'], name, wanted, nearestName(name, names));
    return [{ ...draft, code: 'ZP_CONFIG_REFERENCE' }];
  }
  return checkOptions([...path, 'options'], url, name ?? names[0]!, written['options'] ?? {});
}

function checkBuiltInUse(
  { path }: WrittenUse,
  written: Readonly<Record<string, unknown>>,
): IssueDraft[] {
  const keys = Object.keys(written);
  const unknown = keys.filter((key) => !BUILT_IN_NAMES.includes(key));
  const known = [...BUILT_IN_NAMES, 'module'];
  if (unknown.length > 0) return unknown.map((key) => unknownKey(path, key, known));
  const [name, ...further] = keys;
  if (name === undefined || further.length > 0) {
    const wanted = `an object with one key: ${quoted(known)}`;
    return [refused(path, written, wanted)];
  }
  return checkOptions([...path, name], '', name, written[name]);
}

function checkOptions(path: KeyPath, module: string, name: string, options: unknown): IssueDraft[] {
  const unplain = unplainPath(options, []);
  if (unplain !== null) {
    const at = [...path, ...unplain];
    const wanted = 'plain data, which can be handed to the processes that run it';
    return [refused(at, valueIn(options, unplain), wanted)];
  }
  const definition = findDefinition(module, name)!;
  if (definition.parse === undefined) return [];
  try {
    definition.parse(options);
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [optionsDraft(path, options, message)];
  }
}

/** A message that begins with a key inside the options (`request.set.x-a: ...`) is shown there. */
function optionsDraft(path: KeyPath, options: unknown, message: string): IssueDraft {
  const named = /^([\w$.[\]*-]+): (?=\S)/.exec(message);
  const inner = named === null ? null : innerPath(options, named[1]!);
  const wanted = inner === null ? message : message.slice(named![0].length);
  return {
    code: 'ZP_CONFIG_MIDDLEWARE',
    path: [...path, ...(inner ?? [])],
    at: 'value',
    value: inner === null ? options : valueIn(options, inner),
    wanted,
    suggestion: '',
  };
}

/** The path that `text` writes with dots and brackets, where the options have such a value. */
function innerPath(options: unknown, text: string): KeyPath | null {
  const path: (string | number)[] = [];
  let value = options;
  let rest = text.replaceAll(/\[(\d+)\]/g, '.$1');
  while (rest !== '') {
    if (value === null || typeof value !== 'object') return null;
    // Names of header fields may have dots: the longest key that fits is meant.
    const key = Object.keys(value)
      .filter((name) => rest === name || rest.startsWith(`${name}.`))
      .toSorted((a, b) => b.length - a.length)[0];
    if (key === undefined) return null;
    path.push(Array.isArray(value) ? Number(key) : key);
    value = (value as Readonly<Record<string, unknown>>)[key];
    rest = rest.slice(key.length + 1);
  }
  return path;
}

/** Where `value` has something that JSON has not; null where it is plain. */
function unplainPath(value: unknown, path: KeyPath): KeyPath | null {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    return path;
  }
  if (value === null || typeof value !== 'object') return null;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  if (!isPlain || path.length > DEPTH_MAX) return path;
  for (const [key, inner] of Object.entries(value)) {
    const found = unplainPath(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    if (found !== null) return found;
  }
  return null;
}

/** Deeper data refers to itself. */
const DEPTH_MAX = 64;

function moduleUrl(module: unknown, folder: string): string | Refusal {
  if (typeof module !== 'string' || module === '') return new Refusal(MODULE_WANTED);
  let path: string;
  if (module.startsWith('file:')) {
    try {
      path = fileURLToPath(module.replace(/[?#].*$/, ''));
    } catch {
      return new Refusal(MODULE_WANTED);
    }
  } else if (/^(\.{0,2}\/)/.test(module)) {
    path = resolve(folder, module);
  } else {
    const isFile = /^[\w@./-]+\.[cm]?[jt]s$/.test(module);
    return new Refusal(MODULE_WANTED, isFile ? `./${module}` : '');
  }
  return pathToFileURL(realPath(path)).href;
}

/** Modules are known by their real paths; one that does not exist keeps the path as written. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function usesIn(data: unknown): WrittenUse[] {
  const uses: WrittenUse[] = [];
  addUses(uses, valueAt(data, ['middleware']), ['middleware']);
  const routes = valueAt(data, ['routes']);
  if (!Array.isArray(routes)) return uses;
  routes.forEach((route: unknown, index) => {
    if (isObject(route)) addUses(uses, route['middleware'], ['routes', index, 'middleware']);
  });
  return uses;
}

function addUses(uses: WrittenUse[], list: unknown, path: KeyPath): void {
  if (!Array.isArray(list)) return;
  list.forEach((value: unknown, index) => {
    uses.push({ path: [...path, index], value });
  });
}

function valueIn(value: unknown, path: KeyPath): unknown {
  return path.length === 0 ? value : valueAt(value, path);
}

function unknownKey(path: KeyPath, key: string, known: readonly string[]): IssueDraft {
  return {
    code: 'ZP_CONFIG_UNKNOWN_KEY',
    path: [...path, key],
    at: 'key',
    value: null,
    wanted: `one of ${quoted(known)}`,
    suggestion: nearestName(key, known),
  };
}

function refused(path: KeyPath, value: unknown, wanted: string, suggestion = ''): IssueDraft {
  return { code: 'ZP_CONFIG_VALUE', path, at: 'value', value, wanted, suggestion };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}
