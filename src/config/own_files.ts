// Files whose content the proxy sends on its own account: read with the configuration, so that one
// that is missing is an error of it, and a reload shows the new content. Each is read once.

import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { OWN_BODY_BYTES_MAX } from '../base/limits.ts';
import { formatByteSize } from './byte_size.ts';

/** What became of a file: its bytes, or why there are none, to follow "wanted". */
export type OwnFile = Uint8Array | { readonly wanted: string };

export class OwnFiles {
  readonly #files = new Map<string, OwnFile>();
  readonly #paths = new Set<string>();

  /** The file at `path`, as written; `folder` is where a relative one begins. */
  read(path: string, folder: string): OwnFile {
    const absolute = resolve(folder, path);
    const known = this.#files.get(absolute);
    if (known !== undefined) return known;
    const file = this.#load(absolute);
    this.#files.set(absolute, file);
    return file;
  }

  /** Real paths of the files that were read, sorted. */
  paths(): string[] {
    return [...this.#paths].toSorted();
  }

  #load(path: string): OwnFile {
    let descriptor: number;
    try {
      // Without O_NONBLOCK a named pipe would hold up the start until somebody writes to it.
      descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      return { wanted: reason(path, error as NodeJS.ErrnoException) };
    }
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) return { wanted: `a file (${path} is none)` };
      if (stat.size > OWN_BODY_BYTES_MAX) {
        const most = formatByteSize(OWN_BODY_BYTES_MAX);
        return { wanted: `a file of at most ${most} (${path} has ${stat.size} bytes)` };
      }
      const bytes = readFileSync(descriptor);
      this.#paths.add(realpathSync(path));
      return new Uint8Array(bytes);
    } catch (error) {
      return { wanted: reason(path, error as NodeJS.ErrnoException) };
    } finally {
      closeSync(descriptor);
    }
  }
}

function reason(path: string, error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return `a file that exists (there is no ${path})`;
  if (error.code === 'EACCES') return `a file that this user may read (${path}: EACCES)`;
  return `a file that can be read (${path}: ${error.code ?? error.message})`;
}
