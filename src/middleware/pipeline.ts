// A list of middleware made ready to run: definitions found, options parsed, hooks made, and an
// array per phase. The list of all routes is compiled once per snapshot, a route's own list on top
// of it. Immutable but for `close`, which comes when no exchange uses the snapshot any more.

import { AssertionError } from '../base/assert.ts';
import { type SourceLocation, ZProxyError } from '../base/errors.ts';
import { isPromise, watchHook } from './async_bridge.ts';
import { FailureLog } from './failure_log.ts';
import { wantedHooks } from './hook_names.ts';
import type { MiddlewareEnvironment, MiddlewareHooks } from './middleware.ts';
import { parseMiddlewareOptions } from './middleware_options.ts';
import type { MiddlewareUse } from './middleware_use.ts';
import { type AnyDefinition, definedNames, findDefinition } from './registry.ts';

/** One middleware in a pipeline. */
export interface MiddlewareStep {
  readonly name: string;
  readonly hooks: MiddlewareHooks;
  readonly failures: FailureLog;
  /** Place in the pipeline, from 0. */
  readonly index: number;
}

/** Middleware of a route (or of all), compiled. */
export interface Pipeline {
  /** All, in the order of the request. */
  readonly steps: readonly MiddlewareStep[];
  /** Those with the hook, in the order in which it runs; null where none has it. */
  readonly onRequest: readonly MiddlewareStep[] | null;
  readonly onUpstreamResponse: readonly MiddlewareStep[] | null;
  readonly onComplete: readonly MiddlewareStep[] | null;
  /** Closes what was made for this list (not what `before` has), once; errors are logged. */
  close(): void;
}

/**
 * Compiles a list; the steps of `before` run first. Null where there is nothing to run.
 *
 * Throws ZP_MIDDLEWARE_UNKNOWN where there is no such definition, ZP_MIDDLEWARE_OPTIONS where it
 * refuses its options, ZP_MIDDLEWARE_CREATE where it makes no hooks; what was made before is closed
 * then. The error's location is the `source` of the use.
 */
export function compilePipeline(
  uses: readonly MiddlewareUse[],
  environment: MiddlewareEnvironment,
  before: Pipeline | null = null,
): Pipeline | null {
  if (uses.length === 0 && before === null) return null;
  const earlier = before === null ? [] : before.steps;
  const own: MiddlewareStep[] = [];
  for (const use of uses) {
    try {
      own.push(createStep(use, earlier.length + own.length, environment));
    } catch (error) {
      closeSteps(own);
      throw error;
    }
  }
  return new CompiledPipeline(earlier, own);
}

class CompiledPipeline implements Pipeline {
  readonly steps: readonly MiddlewareStep[];
  readonly onRequest: readonly MiddlewareStep[] | null;
  readonly onUpstreamResponse: readonly MiddlewareStep[] | null;
  readonly onComplete: readonly MiddlewareStep[] | null;
  readonly #own: readonly MiddlewareStep[];
  #isClosed = false;

  constructor(earlier: readonly MiddlewareStep[], own: readonly MiddlewareStep[]) {
    const steps = earlier.concat(own);
    this.steps = steps;
    this.onRequest = orNull(steps.filter((step) => step.hooks.onRequest !== undefined));
    this.onUpstreamResponse = orNull(
      steps.filter((step) => step.hooks.onUpstreamResponse !== undefined).reverse(),
    );
    this.onComplete = orNull(steps.filter((step) => step.hooks.onComplete !== undefined));
    this.#own = own;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSteps(this.#own);
  }
}

function orNull(steps: readonly MiddlewareStep[]): readonly MiddlewareStep[] | null {
  return steps.length === 0 ? null : steps;
}

function createStep(
  use: MiddlewareUse,
  index: number,
  environment: MiddlewareEnvironment,
): MiddlewareStep {
  const title = titleOf(use, environment.route);
  const location = locationOf(use.source);
  const definition = findDefinition(use.module, use.name);
  if (definition === null) throw unknownError(use, title, location);
  const options = parsedOptions(definition, use.options, title, location);
  let hooks: MiddlewareHooks;
  try {
    hooks = definition.create(options, environment);
  } catch (error) {
    rethrowOwnFault(error);
    throw new ZProxyError(
      'ZP_MIDDLEWARE_CREATE',
      `The middleware ${title} cannot be created: ${messageOf(error)}`,
      { cause: error, location },
    );
  }
  const wanted = wantedHooks(hooks);
  if (wanted !== '') {
    throw new ZProxyError(
      'ZP_MIDDLEWARE_CREATE',
      `"create" of the middleware ${title} must return hooks: wanted ${wanted}.`,
      { location },
    );
  }
  const failures = new FailureLog(title, environment.log);
  return { name: definition.name, hooks, failures, index };
}

function parsedOptions(
  definition: AnyDefinition,
  options: unknown,
  title: string,
  location: SourceLocation | undefined,
): unknown {
  try {
    return parseMiddlewareOptions(definition, options);
  } catch (error) {
    rethrowOwnFault(error);
    throw new ZProxyError(
      'ZP_MIDDLEWARE_OPTIONS',
      `The middleware ${title} refuses its options: ${messageOf(error)}`,
      { cause: error, location },
    );
  }
}

function unknownError(
  use: MiddlewareUse,
  title: string,
  location: SourceLocation | undefined,
): ZProxyError {
  const names = definedNames(use.module);
  const remedy =
    names.length === 0
      ? `the module ${use.module} defines none; call defineMiddleware in it`
      : `${use.module === '' ? 'ZProxy' : use.module} has ${names.join(', ')}`;
  const message = `The middleware ${title} is unknown: ${remedy}.`;
  return new ZProxyError('ZP_MIDDLEWARE_UNKNOWN', message, { location });
}

/** Calls `close` of each; one that throws does not keep the others from closing. */
function closeSteps(steps: readonly MiddlewareStep[]): void {
  for (const { hooks, failures } of steps) {
    failures.flush();
    const report = (error: unknown): void => failures.reportLast('close', error);
    try {
      const result: unknown = hooks.close?.();
      if (isPromise(result)) watchHook(result, report);
    } catch (error) {
      rethrowOwnFault(error);
      report(error);
    }
  }
}

function titleOf(use: MiddlewareUse, route: string): string {
  const name = use.name === '' ? use.module : use.name;
  return route === '' ? `"${name}" of all routes` : `"${name}" of the route "${route}"`;
}

/** A place in a file, where the opaque source is one. */
function locationOf(source: unknown): SourceLocation | undefined {
  const isPlace =
    typeof source === 'object' &&
    source !== null &&
    typeof (source as { file?: unknown }).file === 'string';
  return isPlace ? (source as SourceLocation) : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An assertion of ours is no failure of the middleware. */
function rethrowOwnFault(error: unknown): void {
  if (error instanceof AssertionError) throw error;
}
