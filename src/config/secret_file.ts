// Secrets lie in files of their own (`/run/secrets/...`), so that a configuration can be shown to
// anybody. One newline at the end is not part of the secret: editors and `echo` put it there.

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getCallSites } from 'node:util';
import { ZProxyError } from '../base/errors.ts';

/** A secret is a key or a password; what is larger is another file by mistake. */
const SECRET_BYTES_MAX = 65_536;
/** This file's function, and the module that calls it. */
const CALL_SITES = 2;

/** What `secretFile` read in this process, for whoever must not show it. */
export interface SecretsRead {
  readonly contents: Set<string>;
  /** Real paths. */
  readonly files: Set<string>;
}

/** The package is several bundles: the user's module does not call the one that reads it. */
const TABLE: unique symbol = Symbol.for('zproxy.secrets') as never;

/** Content and real path, or a sentence without a full stop. */
export type SecretFile =
  | { readonly content: string; readonly realPath: string }
  | { readonly fault: string };

/** Reads the secret at `path`, which may be relative to `folder`. */
export function readSecretFile(path: string, folder: string): SecretFile {
  if (path === '') return { fault: 'the path of a secret file is empty' };
  const absolute = resolve(folder, path);
  try {
    const stat = statSync(absolute);
    if (stat.isDirectory()) return { fault: `the secret file ${absolute} is a folder` };
    if (stat.size > SECRET_BYTES_MAX) return { fault: tooLarge(absolute, stat.size) };
    // A pipe has no size before it is read.
    const bytes = readFileSync(absolute);
    if (bytes.length > SECRET_BYTES_MAX) return { fault: tooLarge(absolute, bytes.length) };
    const content = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { content: content.replace(/\r?\n$/, ''), realPath: realpathSync(absolute) };
  } catch (error) {
    return { fault: describe(absolute, error as NodeJS.ErrnoException) };
  }
}

/**
 * The content of a secret file, without the newline at its end; for configurations in TypeScript.
 * A relative `path` starts from the folder of the file that calls. Messages show `***` in place of
 * a secret. Throws ZP_CONFIG_SECRET where the file cannot be read.
 */
export function secretFile(path: string): string {
  const script = getCallSites(CALL_SITES, { sourceMap: false })[1]?.scriptName ?? '';
  const caller = script.startsWith('file:') ? fileURLToPath(script.replace(/[?#].*$/, '')) : script;
  const folder = caller.startsWith('/') ? dirname(caller) : process.cwd();
  const secret = readSecretFile(String(path), folder);
  if ('fault' in secret) throw new ZProxyError('ZP_CONFIG_SECRET', secret.fault);
  const { contents, files } = secretsRead();
  contents.add(secret.content);
  files.add(secret.realPath);
  return secret.content;
}

/** What `secretFile` has read so far. */
export function secretsRead(): SecretsRead {
  const holder = globalThis as { [TABLE]?: SecretsRead };
  holder[TABLE] ??= { contents: new Set(), files: new Set() };
  return holder[TABLE];
}

function tooLarge(path: string, bytes: number): string {
  return `the secret file ${path} has ${bytes} bytes, more than the limit of ${SECRET_BYTES_MAX}`;
}

function describe(path: string, error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return `there is no secret file ${path}; write it, or mend the path`;
  if (error.code === 'EACCES') {
    return `the secret file ${path} cannot be read (EACCES); let this user read it`;
  }
  if (error instanceof TypeError) return `the secret file ${path} is not UTF-8 text`;
  return `the secret file ${path} cannot be read (${error.code ?? error.message})`;
}
