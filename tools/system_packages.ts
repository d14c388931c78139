// The programs that integration tests talk to come from Debian. What is missing is installed where
// that is possible; where it is not, the tests that need it skip themselves, and the closing count
// says so.

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Step, StepResult } from './steps.ts';

interface SystemPackage {
  readonly name: string;
  /** What the tests call. */
  readonly program: string;
  /** Debian starts it when it is installed, so it is stopped then. */
  readonly isService: boolean;
}

const PACKAGES: readonly SystemPackage[] = [
  { name: 'curl', program: 'curl', isService: false },
  { name: 'nginx', program: 'nginx', isService: true },
  { name: 'haproxy', program: 'haproxy', isService: true },
  { name: 'prometheus', program: 'promtool', isService: true },
];

const INSTALL_TIMEOUT_MS = 300_000;

/** What an installation depends on; tests replace it. */
export interface PackageHost {
  readonly isRoot: boolean;
  /** Whether the run must not skip anything (continuous integration). */
  readonly isStrict: boolean;
  hasProgram(name: string): boolean;
  /** Runs a command; returns what it printed where it failed, '' otherwise. */
  run(command: string, args: readonly string[]): string;
}

/** Sees to the packages: one test per package. */
export function packagesStep(host: PackageHost = thisHost()): Step {
  return { name: 'packages', run: () => Promise.resolve(ensurePackages(host)) };
}

/** Installs what is missing, as root; else says what is missing. */
export function ensurePackages(host: PackageHost): StepResult {
  const missing = PACKAGES.filter((entry) => !host.hasProgram(entry.program));
  const failure = missing.length > 0 && host.isRoot ? install(host, missing) : '';
  const absent = missing.filter((entry) => !host.hasProgram(entry.program));
  const isFailure = host.isRoot && host.isStrict;
  const lines = absent.map(({ name }) =>
    isFailure
      ? `The Debian package ${name} could not be installed.`
      : `skipped: the Debian package ${name} is missing (apt-get install ${name} as root), ` +
        'so the tests that need it are skipped.',
  );
  if (failure !== '' && absent.length > 0) lines.push(failure);
  return {
    passed: PACKAGES.length - absent.length,
    failed: isFailure ? absent.length : 0,
    skipped: isFailure ? 0 : absent.length,
    output: lines.join('\n'),
  };
}

function install(host: PackageHost, missing: readonly SystemPackage[]): string {
  const names = missing.map((entry) => entry.name);
  const update = host.run('apt-get', ['update', '-q']);
  const failure = host.run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...names]);
  // Debian starts a service as soon as it is installed; ours are started by the tests themselves.
  for (const { name, program, isService } of missing) {
    if (isService && host.hasProgram(program)) host.run('service', [name, 'stop']);
  }
  return failure === '' ? '' : `${update}\n${failure}`.trim();
}

function thisHost(): PackageHost {
  return {
    isRoot: process.getuid?.() === 0,
    isStrict: process.env['CI'] === 'true',
    hasProgram,
    run: (command, args) => {
      const result = spawnSync(command, args, {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
        stdio: ['ignore', 'pipe', 'pipe'],
        encoding: 'utf8',
        timeout: INSTALL_TIMEOUT_MS,
      });
      if (result.status === 0) return '';
      return `${command}: ${result.error ?? ''}${result.stdout ?? ''}${result.stderr ?? ''}`;
    },
  };
}

/** Looks along PATH and where Debian puts servers. */
function hasProgram(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
