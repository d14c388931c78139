// `defineMiddleware`: registers a definition under the module that calls it, and returns the
// function that a configuration calls with options. What that returns is plain data, because a
// configuration crosses processes; each worker imports the module and finds the definition again.

import { pathToFileURL } from 'node:url';
import { type CallSiteObject, getCallSites } from 'node:util';
import { ZProxyError } from '../base/errors.ts';
import { wantedHooks } from './hook_names.ts';
import type { MiddlewareDefinition, MiddlewareHooks } from './middleware.ts';
import { type DefinitionSite, registerDefinition } from './registry.ts';

/** One use of a user's middleware as a configuration writes it; plain data. */
export interface MiddlewareUseData {
  /** File URL of the module that defines it (a path in YAML and JSON). */
  readonly module: string;
  /** Name of the definition; may be left out where the module has but one. */
  readonly name?: string;
  /** Plain data; absent is `{}`. */
  readonly options?: unknown;
}

/** Makes one use of a middleware; options may be left out where none is required. */
export type MiddlewareFactory<Input> = (
  // biome-ignore lint/complexity/noBannedTypes: "an object without required keys"
  ...args: {} extends Input ? [options?: Input] : [options: Input]
) => Required<MiddlewareUseData>;

/** Hooks that need no options, given at once in place of `create`. */
export interface HooksDefinition extends MiddlewareHooks {
  /** Letters, digits, `-` and `_`; unique in its module. */
  readonly name: string;
}

const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
const NAME_CHARACTERS_MAX = 64;
/** This file's function, and the module that calls it. */
const CALL_SITES = 2;

/**
 * Defines a middleware and returns the function that puts it on a route:
 *
 *     export const stamp = defineMiddleware({
 *       name: 'stamp',
 *       create: (options: { value: string }) => ({
 *         onRequest(request) { request.headers.set('x-stamp', options.value); },
 *       }),
 *     });
 *
 * Must be called while its module is evaluated, at top level. Throws ZP_MIDDLEWARE_INVALID and
 * ZP_MIDDLEWARE_DUPLICATE.
 */
export function defineMiddleware<Options, Input = Options>(
  definition: Required<MiddlewareDefinition<Options, Input>>,
): MiddlewareFactory<Input>;
export function defineMiddleware<Options>(
  definition: MiddlewareDefinition<Options, Options> & { readonly parse?: undefined },
): MiddlewareFactory<Options>;
export function defineMiddleware(
  definition: HooksDefinition & { readonly create?: undefined; readonly parse?: undefined },
): MiddlewareFactory<unknown>;
export function defineMiddleware(
  definition: HooksDefinition | MiddlewareDefinition,
): MiddlewareFactory<unknown> {
  checkDefinition(definition);
  const site = callerSite(getCallSites(CALL_SITES, { sourceMap: false })[1]);
  registerDefinition(site, 'create' in definition ? definition : fromHooks(definition));
  const { name } = definition;
  return (options: unknown = {}) => ({ module: site.module, name, options });
}

function fromHooks(hooks: HooksDefinition): MiddlewareDefinition {
  return { name: hooks.name, create: (): MiddlewareHooks => hooks };
}

function checkDefinition(definition: HooksDefinition | MiddlewareDefinition): void {
  const name: unknown = definition?.name;
  if (typeof name !== 'string' || !NAME.test(name) || name.length > NAME_CHARACTERS_MAX) {
    throw invalid(
      `The name of a middleware is "${String(name)}"; write a letter, then at most ` +
        `${NAME_CHARACTERS_MAX - 1} letters, digits, "-" and "_".`,
    );
  }
  const { create, parse } = definition as Partial<MiddlewareDefinition>;
  if (parse !== undefined && typeof parse !== 'function') {
    throw invalid(`"parse" of the middleware "${name}" is no function; write parse(options).`);
  }
  if (create === undefined) {
    const { name: _, ...hooks } = definition as HooksDefinition;
    const wanted = parse === undefined ? wantedHooks(hooks) : '"create" beside "parse"';
    if (wanted !== '')
      throw invalid(`The middleware "${name}" has no such hooks; write ${wanted}.`);
  } else if (typeof create !== 'function') {
    throw invalid(`"create" of the middleware "${name}" is no function; write create(options).`);
  }
}

function callerSite(site: CallSiteObject | undefined): DefinitionSite {
  const script = site?.scriptName ?? '';
  if (site === undefined || script === '' || script.startsWith('node:')) {
    throw new ZProxyError(
      'ZP_MIDDLEWARE_MODULE_UNKNOWN',
      'defineMiddleware cannot tell which module calls it; call it at the top level of a file.',
    );
  }
  const place = `${site.lineNumber}:${site.columnNumber}`;
  return { module: moduleUrl(script), script, place };
}

/** CommonJS modules are named by path; the query under which a module was loaded is left out. */
function moduleUrl(script: string): string {
  if (script.startsWith('/')) return pathToFileURL(script).href;
  return script.startsWith('file:') ? script.replace(/[?#].*$/, '') : script;
}

function invalid(message: string): ZProxyError {
  return new ZProxyError('ZP_MIDDLEWARE_INVALID', message);
}
