// Where middleware definitions are found: those of ZProxy by name, those of users by the module
// that defined them and name. The users' ones stand in a table of the process (a global symbol),
// because the package is several bundles: the one that a user's module imports is not the one that
// runs.

import { ZProxyError } from '../base/errors.ts';
import { HEADERS } from './headers/headers.ts';
import type { MiddlewareDefinition } from './middleware.ts';

/** A definition as the registry keeps it: its options are its own business. */
// biome-ignore lint/suspicious/noExplicitAny: options of all types stand in one table
export type AnyDefinition = MiddlewareDefinition<any, any>;

interface Entry {
  readonly definition: AnyDefinition;
  /** The script as it was loaded (with a query), and the place in it. */
  readonly script: string;
  readonly place: string;
}

type Table = Map<string, Map<string, Entry>>;

const TABLE: unique symbol = Symbol.for('zproxy.middleware');

const BUILT_IN: ReadonlyMap<string, AnyDefinition> = new Map([[HEADERS.name, HEADERS]]);

/** Names of the middleware that ZProxy brings along. */
export const BUILT_IN_NAMES: readonly string[] = [...BUILT_IN.keys()];

/**
 * The definition of that name; `module` is '' for those of ZProxy. The name '' is for the only one
 * that a module has. Null where there is none: its module was not imported, or says otherwise.
 */
export function findDefinition(module: string, name: string): AnyDefinition | null {
  if (module === '') return BUILT_IN.get(name) ?? null;
  const names = table().get(module);
  if (names === undefined) return null;
  if (name === '' && names.size === 1) return names.values().next().value!.definition;
  return names.get(name)?.definition ?? null;
}

/** Names that a module has defined, in order; of '' those that ZProxy brings along. */
export function definedNames(module: string): string[] {
  if (module === '') return [...BUILT_IN_NAMES];
  return [...(table().get(module)?.keys() ?? [])];
}

/** Where a definition was made. */
export interface DefinitionSite {
  /** URL without query: what a configuration names. */
  readonly module: string;
  /** URL as loaded: differs where a module is evaluated anew under a query. */
  readonly script: string;
  /** `line:column`. */
  readonly place: string;
}

/**
 * Adds a definition. Evaluating a module anew replaces what it defined; a second definition of the
 * same name at another place of the same evaluation is ZP_MIDDLEWARE_DUPLICATE.
 */
export function registerDefinition(site: DefinitionSite, definition: AnyDefinition): void {
  const definitions = table();
  let names = definitions.get(site.module);
  if (names === undefined) {
    names = new Map();
    definitions.set(site.module, names);
  }
  const { name } = definition;
  const before = names.get(name);
  if (before !== undefined && before.script === site.script && before.place !== site.place) {
    throw new ZProxyError(
      'ZP_MIDDLEWARE_DUPLICATE',
      `The middleware "${name}" is defined twice in ${site.module}, at ${before.place} and at ` +
        `${site.place}; give each definition of a module a name of its own.`,
    );
  }
  names.set(name, { definition, script: site.script, place: site.place });
}

function table(): Table {
  const holder = globalThis as { [TABLE]?: Table };
  holder[TABLE] ??= new Map();
  return holder[TABLE];
}
