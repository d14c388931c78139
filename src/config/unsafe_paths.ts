// `unsafePaths`: the names of spellings that a route lets through, as bits of the codec.

import { PathDoubt } from '../http/target.ts';
import type { UnsafePath } from './route_config.ts';

const DOUBTS: Readonly<Record<UnsafePath, number>> = {
  'encoded-slash': PathDoubt.ENCODED_SLASH,
  'encoded-backslash': PathDoubt.ENCODED_BACKSLASH,
  'encoded-nul': PathDoubt.ENCODED_NUL,
  'encoded-dots': PathDoubt.ENCODED_DOTS,
  backslash: PathDoubt.BACKSLASH,
  'dots-with-parameters': PathDoubt.DOTS_WITH_PARAMETERS,
};

/** All names, in the order of the reference. */
export const UNSAFE_PATHS: readonly UnsafePath[] = Object.keys(DOUBTS) as UnsafePath[];

/** `PathDoubt` bits of the names. */
export function pathDoubtsOf(names: readonly UnsafePath[]): number {
  return names.reduce((bits, name) => bits | DOUBTS[name], 0);
}

/** The names of `PathDoubt` bits. */
export function unsafePathsOf(bits: number): UnsafePath[] {
  return UNSAFE_PATHS.filter((name) => (bits & DOUBTS[name]) !== 0);
}
