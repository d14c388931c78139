// `import ... from 'zproxy'` in a config file means the ZProxy that reads it, wherever the file
// lies: also outside any folder with a node_modules, and never another version that is installed
// beside it.

import { registerHooks } from 'node:module';
import { IS_CHECKOUT, packageRoot } from './package_root.ts';

let isRegistered = false;

/** Resolves the bare specifier `zproxy` to the running package, for this process. */
export function resolveZproxyToSelf(): void {
  if (isRegistered) return;
  isRegistered = true;
  const { href } = new URL(IS_CHECKOUT ? 'src/index.ts' : 'dist/index.js', packageRoot());
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'zproxy' ? { url: href, shortCircuit: true } : next(specifier, context),
  });
}
