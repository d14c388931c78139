// Entry of the command line. Its first statement catches signals: one that comes while the rest
// is still being loaded waits for the command that handles it.

import { SignalInbox } from '../server/signals.ts';

const signals = new SignalInbox();
const { runCommandLine } = await import('./command_line.ts');
const exitCode = await runCommandLine(process.argv.slice(2), signals);
// A user's module may have left something open; the command is over all the same.
process.stdout.write('', () => process.exit(exitCode));
