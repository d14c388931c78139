// Tells when a file that the configuration was read from has changed. It looks again and again
// instead of asking the kernel: that works on every file system, with editors that put a new file
// in the place of the old one, with links that are pointed elsewhere, and for files that are gone
// for a moment. A change counts once it has held still for a look, so that a file that is being
// written is not read; and it counts once, whatever becomes of the reload.

import { readdir, stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';

const LOOK_INTERVAL_MS = 500;
/** Between two looks that must see the same, and how many of them there are at most. */
const SETTLE_MS = 100;
const SETTLE_LOOKS_MAX = 50;
/** Many files are looked at less often, so that looking takes 2 % of the time at most. */
const IDLE_PER_BUSY = 50;
/** A file time may lie this far behind the clock: the kernel notes it by its tick. */
const CLOCK_STEP_MS = 20;
/** A new file of one of these kinds may be one that an `include` finds. */
const KINDS: readonly string[] = ['.yaml', '.yml', '.json', '.ts', '.mts', '.js', '.mjs'];

/** What a file or a folder looked like, by its path. */
type Looks = Map<string, string>;

export class ConfigWatch {
  readonly #onChange: () => void;
  #files: readonly string[] = [];
  #folders: readonly string[] = [];
  /** Unix milliseconds: what was written later than this may not have been read. */
  #readMs = 0;
  #seen: Looks = new Map();
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Looks at these files from now on, which were read at `readMs` (Unix milliseconds). */
  watch(files: readonly string[], readMs: number): void {
    this.#files = [...new Set(files)];
    this.#folders = [...new Set(files.map((file) => dirname(file)))];
    this.#readMs = readMs - CLOCK_STEP_MS;
    const paths = new Set([...this.#files, ...this.#folders]);
    for (const path of this.#seen.keys()) if (!paths.has(path)) this.#seen.delete(path);
    if (this.#timer === null) this.#schedule(0);
  }

  /** The files are about to be read: what they are now is no news. */
  async mark(): Promise<void> {
    this.#seen = await this.#look();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  // --- inside ------------------------------------------------------------------------------------

  #schedule(delayMs: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#turn(), delayMs).unref();
  }

  async #turn(): Promise<void> {
    const beganMs = performance.now();
    let looks = await this.#look();
    const tookMs = performance.now() - beganMs;
    if (this.#differs(looks)) {
      looks = await this.#settle(looks);
      const isNews = this.#differs(looks); // it may be as it was, or have been marked meanwhile
      this.#seen = looks;
      if (isNews && !this.#isClosed) this.#onChange();
    }
    this.#schedule(Math.max(LOOK_INTERVAL_MS, tookMs * IDLE_PER_BUSY));
  }

  async #settle(first: Looks): Promise<Looks> {
    let looks = first;
    for (let i = 0; i < SETTLE_LOOKS_MAX && !this.#isClosed; i++) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const next = await this.#look();
      const isSame = next.size === looks.size && [...next].every(([k, v]) => looks.get(k) === v);
      if (isSame) return next;
      looks = next;
    }
    return looks;
  }

  #differs(looks: Looks): boolean {
    for (const [path, look] of looks) if (this.#seen.get(path) !== look) return true;
    return false;
  }

  async #look(): Promise<Looks> {
    const looks: Looks = new Map();
    for (const file of this.#files) looks.set(file, await this.#lookAtFile(file));
    for (const folder of this.#folders) {
      const look = await lookAtFolder(folder);
      if (!this.#seen.has(folder)) this.#seen.set(folder, look);
      looks.set(folder, look);
    }
    return looks;
  }

  async #lookAtFile(file: string): Promise<string> {
    try {
      const { ctimeMs, dev, ino, mtimeMs, size } = await stat(file);
      const look = `${dev} ${ino} ${size} ${mtimeMs}`;
      // Seen for the first time: as it was read, unless it is younger.
      if (!this.#seen.has(file) && ctimeMs < this.#readMs) this.#seen.set(file, look);
      return look;
    } catch {
      return 'gone';
    }
  }
}

/** Names of what may be configuration; those of hidden and temporary files are nobody's. */
async function lookAtFolder(folder: string): Promise<string> {
  try {
    const names = await readdir(folder);
    const wanted = names.filter((name) => name[0] !== '.' && KINDS.includes(extname(name)));
    return wanted.sort().join('/');
  } catch {
    return 'gone';
  }
}
