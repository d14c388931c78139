// Regular expressions that a user wrote, run by V8's linear engine (flag `l`): time proportional to
// pattern and text, whatever a client sends. It has no back references, no look-ahead, no large
// counted repetitions and no `i` or `u`; what it refuses is an error of the configuration.

import { setFlagsFromString } from 'node:v8';

/** The regular expression flag; no literal has it, because compilers do not know it. */
const LINEAR = 'l';
const ENGINE_FLAG = '--enable-experimental-regexp-engine';
/** Nothing but a name for what was refused: V8's texts begin with "Invalid regular expression". */
const PREAMBLE = /^Invalid regular expression: \/.*\/l: /s;

let isEngineOn = false;

/**
 * Compiles `source` for the linear engine. Throws SyntaxError whose message is the reason alone,
 * such as "Unterminated group".
 */
export function compileLinearPattern(source: string): RegExp {
  if (!isEngineOn) turnEngineOn();
  try {
    const pattern = new RegExp(source, LINEAR);
    // V8 looks for a program when a pattern first runs; that must not be in front of a client.
    pattern.test('');
    return pattern;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const reason = cause.message.replace(PREAMBLE, '');
    const isNotLinear = reason.startsWith('Cannot be executed in linear time');
    throw new SyntaxError(
      isNotLinear
        ? 'look-ahead, back references and large counts cannot run in linear time'
        : reason,
      { cause },
    );
  }
}

// The launcher gives the flag to our own processes. It is set here for others (tests, programs that
// embed the proxy), and only once a pattern is wanted: V8's code cache is keyed by its flags.
function turnEngineOn(): void {
  try {
    new RegExp('a', LINEAR);
  } catch {
    setFlagsFromString(ENGINE_FLAG);
  }
  isEngineOn = true;
}
