// What the whole test does about missing Debian packages, on machines that are only imagined.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensurePackages, type PackageHost } from './system_packages.ts';

/** Packages whose program has another name. */
const PROGRAMS: Readonly<Record<string, string>> = { prometheus: 'promtool' };

interface Imagined {
  readonly isRoot?: boolean;
  readonly isStrict?: boolean;
  readonly programs: string[];
  readonly canInstall?: boolean;
}

function imagine(options: Imagined): { host: PackageHost; commands: string[] } {
  const commands: string[] = [];
  const programs = new Set(options.programs);
  const host: PackageHost = {
    isRoot: options.isRoot ?? false,
    isStrict: options.isStrict ?? false,
    hasProgram: (name) => programs.has(name),
    run: (command, args) => {
      commands.push([command, ...args].join(' '));
      if (command !== 'apt-get' || args[0] !== 'install') return '';
      if (options.canInstall === false) return 'no such package';
      for (const name of args.slice(4)) programs.add(PROGRAMS[name] ?? name);
      return '';
    },
  };
  return { host, commands };
}

test('ensurePackages() does nothing where all is there', () => {
  const { host, commands } = imagine({
    programs: ['curl', 'nginx', 'haproxy', 'promtool'],
    isRoot: true,
  });
  assert.deepEqual(ensurePackages(host), { passed: 4, failed: 0, skipped: 0, output: '' });
  assert.deepEqual(commands, []);
});

test('ensurePackages() installs what is missing and stops what Debian started', () => {
  const { host, commands } = imagine({ programs: ['curl'], isRoot: true });
  assert.equal(ensurePackages(host).passed, 4);
  assert.deepEqual(commands, [
    'apt-get update -q',
    'apt-get install -q -y --no-install-recommends nginx haproxy prometheus',
    'service nginx stop',
    'service haproxy stop',
    'service prometheus stop',
  ]);
});

test('ensurePackages() skips with a sentence where it is not root', () => {
  const { host, commands } = imagine({ programs: ['curl', 'nginx', 'promtool'], isStrict: true });
  const result = ensurePackages(host);
  assert.deepEqual([result.passed, result.failed, result.skipped], [3, 0, 1]);
  assert.match(result.output, /^skipped: the Debian package haproxy is missing/);
  assert.deepEqual(commands, []);
});

test('ensurePackages() fails as root in CI where a package cannot be installed', () => {
  const { host } = imagine({ programs: ['curl'], isRoot: true, isStrict: true, canInstall: false });
  const result = ensurePackages(host);
  assert.deepEqual([result.passed, result.failed, result.skipped], [1, 3, 0]);
  assert.match(result.output, /no such package/);
});

test('ensurePackages() skips as root outside of CI where a package cannot be installed', () => {
  const { host } = imagine({ programs: ['curl'], isRoot: true, canInstall: false });
  const result = ensurePackages(host);
  assert.deepEqual([result.passed, result.failed, result.skipped], [1, 0, 3]);
});
