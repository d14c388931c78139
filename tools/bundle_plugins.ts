// What the bundles do differently from the sources, for the sake of a fast start.

import { dirname, join, relative, sep } from 'node:path';
import type { Plugin, PluginBuild } from 'esbuild';
import { ROOT } from './steps.ts';

/** Names and paths as esbuild gives them. */
const BUILTIN = /^node:/;
const MODULE = '\0builtin-module';
const REQUIRED = '\0builtin-required';

/**
 * Takes Node's own modules from `process.getBuiltinModule`. An `import` of one makes Node read all
 * of its exports, also those that load more when they are read: `node:http` then brings undici
 * along, `node:fs` its promises. Each name is a constant of its own, so that unused ones are
 * dropped.
 */
export const BUILTIN_MODULES: Plugin = {
  name: 'builtin-modules',
  setup(build: PluginBuild): void {
    build.onResolve({ filter: BUILTIN }, ({ path, kind }) => ({
      path,
      namespace: kind === 'require-call' ? REQUIRED : MODULE,
      sideEffects: false,
    }));
    build.onLoad({ filter: BUILTIN, namespace: REQUIRED }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
    build.onLoad({ filter: BUILTIN, namespace: MODULE }, ({ path }) => ({
      contents: moduleText(path),
    }));
  },
};

function moduleText(path: string): string {
  const names = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) =>
    /^[A-Za-z_$][\w$]*$/.test(name),
  );
  const constants = names.map(
    (name) => `const ${name}_ = /* @__PURE__ */ (() => builtin.${name})();`,
  );
  const exported = names.map((name) => `${name}_ as ${name}`);
  return [
    `const builtin = /* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(path)});`,
    ...constants,
    `export { ${exported.join(', ')} };`,
    'export default builtin;',
  ].join('\n');
}

/**
 * Lets a module that has a bundle of its own be loaded from there when it is imported dynamically:
 * what a command does not need is not even read. `bundles` has the source of each by its name.
 */
export function separateBundles(bundles: Readonly<Record<string, string>>): Plugin {
  const names = new Map(Object.entries(bundles).map(([name, path]) => [path, name]));
  return {
    name: 'separate-bundles',
    setup(build: PluginBuild): void {
      build.onResolve({ filter: /^\./ }, ({ path, kind, importer }) => {
        if (kind !== 'dynamic-import') return null;
        const source = relative(ROOT, join(dirname(importer), path))
          .split(sep)
          .join('/');
        const name = names.get(source);
        return name === undefined ? null : { path: `./${name}.js`, external: true };
      });
    },
  };
}
