// What each command's exit codes say, for `--help` and the reference. Each code has the same sense
// everywhere (exit_code.ts). A command line that is wrong is 2 for all of them.

/** By the name of the command; codes that it never ends with are left out. */
export const EXIT_TEXTS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  run: {
    0: 'it was drained and has ended',
    1: 'the configuration is invalid',
    4: 'it cannot start: a file is missing, an address is in use',
  },
  init: { 0: 'the file was written', 1: 'it was not: it exists, or cannot be written' },
  explain: {
    0: 'it is explained, whatever becomes of the request',
    1: 'the configuration is invalid',
  },
  routes: { 0: 'the routes are listed', 1: 'the configuration is invalid' },
  'config print': { 0: 'it is printed', 1: 'the configuration is invalid' },
  'config diff': {
    0: 'they mean the same, and no logged request would take another route',
    1: 'they differ',
    2: 'one is invalid, or the log cannot be read (as diff has it)',
  },
  check: { 0: 'the configuration is fine', 1: 'it is not' },
  reload: {
    0: 'the configuration serves, whether something has changed or not',
    1: 'it was refused; the old one serves on',
    3: 'no process answers',
  },
  status: { 0: 'the process has answered', 1: 'it cannot be asked', 3: 'no process answers' },
  metrics: { 0: 'the process has answered', 1: 'it cannot be asked', 3: 'no process answers' },
  drain: {
    0: 'the drain has begun; with --wait, the process has ended',
    1: 'the process cannot be asked',
    3: 'no process answers',
  },
  upgrade: {
    0: 'the new version serves',
    1: 'it was refused, or did not start; the old one serves on',
    3: 'no process answers',
  },
  version: { 0: 'always' },
  demo: { 0: 'it was stopped', 4: 'it cannot start: the port is in use' },
};
