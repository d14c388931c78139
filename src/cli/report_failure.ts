// Why a start failed, as text and as an exit code: configuration errors with their lines,
// everything else in one sentence that names the line it comes from.

import { formatLocation, ZProxyError } from '../base/errors.ts';
import { type ConfigIssueCode, formatConfigIssue } from '../config/config_issue.ts';
import { ConfigRefusedError } from '../server/config_refused_error.ts';
import { ExitCode } from './exit_code.ts';
import type { Terminal } from './terminal.ts';

/** A file that is not there is not an invalid configuration. */
const FILE_CODES: readonly ConfigIssueCode[] = ['ZP_CONFIG_NOT_FOUND', 'ZP_CONFIG_UNREADABLE'];

/** Prints what `startSupervisor` rejected with. Our own bugs are thrown on, with their stack. */
export function reportFailure(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof ConfigRefusedError) {
    for (const issue of error.issues) terminal.printError(formatConfigIssue(issue));
    const isFileMissing = error.issues.every(({ code }) => FILE_CODES.includes(code));
    return isFileMissing ? ExitCode.CANNOT_START : ExitCode.INVALID;
  }
  if (!(error instanceof ZProxyError)) throw error;
  const where = error.location === undefined ? 'zproxy' : formatLocation(error.location);
  terminal.printError(`${where}: ${error.code}: ${error.message}`);
  return ExitCode.CANNOT_START;
}
