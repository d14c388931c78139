// The contract between the data plane and whoever writes its log: levels and texts for the few
// lines that are not per request. Access lines go through `AccessLogSink`, as bytes.

/** Severity, as syslog orders it. */
export const LogLevel = { ERROR: 0, WARN: 1, INFO: 2, DEBUG: 3 } as const;
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];

/** Takes whole sentences; never called per request. Must not throw and must not block. */
export interface LogSink {
  log(level: LogLevel, message: string): void;
}

/** Takes finished access-log lines. Must not block: a sink that is full returns false, and the
 * caller counts the drop. */
export interface AccessLogSink {
  /** Copies `bytes[start, end)`, one line with its newline. */
  writeLine(bytes: Uint8Array, start: number, end: number): boolean;
}
