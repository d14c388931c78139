// The folder of the running package: the checkout's in TypeScript, the installed package's in
// JavaScript.

import { existsSync, readFileSync } from 'node:fs';

/** Whether the running code is the checkout's TypeScript. */
export const IS_CHECKOUT: boolean = import.meta.url.endsWith('.ts');

/** The nearest folder above this file whose package.json is ours. Ends with a slash. */
export function packageRoot(): URL {
  let folder = new URL('./', import.meta.url);
  for (;;) {
    if (readManifest(folder)?.name === 'zproxy') return folder;
    const parent = new URL('../', folder);
    // A bundle that somebody copied elsewhere: what lies beside it has to do.
    if (parent.href === folder.href) return new URL('./', import.meta.url);
    folder = parent;
  }
}

/** The version in package.json, or `unknown`. */
export function packageVersion(): string {
  return readManifest(packageRoot())?.version ?? 'unknown';
}

function readManifest(folder: URL): { readonly name?: string; readonly version?: string } | null {
  const manifest = new URL('package.json', folder);
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : null;
}
