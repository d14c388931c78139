// What a command's exit code says. Stable: scripts rely on it.

export const ExitCode = {
  FINE: 0,
  /** The configuration is invalid, or the running process refused. */
  INVALID: 1,
  /** The command line is wrong. */
  USAGE: 2,
  /** There is no running process to talk to. */
  NOT_RUNNING: 3,
  /** It cannot start: a file is missing, a port is in use. */
  CANNOT_START: 4,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
