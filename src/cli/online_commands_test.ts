// The commands that talk to a running process, against a control socket that answers as a test
// says: what they print, and how they exit.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { callCommand } from '../../tests/support/call_command.ts';
import { statusReport } from '../../tests/support/status_report.ts';
import type { ConfigIssue } from '../config/config_issue.ts';
import { packageRoot } from '../config/package_root.ts';
import type { ControlActions } from '../server/control_actions.ts';
import { ControlSocket } from '../server/control_socket.ts';
import { defaultControlPath } from '../server/runtime_path.ts';
import type { ChangeStatus, StatusReport } from '../server/status_report.ts';

const folder: string = mkdtempSync(join(tmpdir(), 'zproxy-online-'));
process.env['XDG_RUNTIME_DIR'] = folder;
after(() => rmSync(folder, { recursive: true }));

const ISSUE: ConfigIssue = {
  file: join(process.cwd(), 'conf', 'zproxy.yaml'),
  line: 3,
  column: 5,
  code: 'ZP_CONFIG_UNKNOWN_KEY',
  path: 'routes[0].upsteam',
  value: 'a',
  wanted: '',
  suggestion: 'upstream',
};

let count = 0;

function open(
  t: TestContext,
  more: Partial<ControlActions> = {},
  path: string = join(folder, `${count++}.sock`),
): ControlSocket {
  const control = new ControlSocket(path, {
    status: () => statusReport({ pid: process.pid }),
    metrics: () => '# HELP a A.\n# TYPE a gauge\na 1\n',
    drain: () => {},
    reopenLogs: () => {},
    reload: () => Promise.resolve({ kind: 'unchanged', configHash: 'h' }),
    upgrade: () => Promise.resolve({ kind: 'refused', reason: 'it drains' }),
    ...more,
  });
  t.after(() => control.close());
  return control;
}

test('status prints the report, as text and as JSON', async (t) => {
  const { path } = open(t);
  const text = await callCommand('status', '--control', path);
  assert.deepEqual([text.code, text.errors], [0, '']);
  assert.match(text.out, /^zproxy +1\.2\.3, running/);
  const json = await callCommand('status', '--control', path, '--json');
  assert.deepEqual(JSON.parse(json.out), statusReport({ pid: process.pid }));
});

test('metrics prints the exposition as it is', async (t) => {
  const { path } = open(t);
  const { code, out } = await callCommand('metrics', '--control', path);
  assert.deepEqual([code, out], [0, '# HELP a A.\n# TYPE a gauge\na 1\n']);
});

test('reload says what has changed, or that nothing has', async (t) => {
  const applied = {
    kind: 'applied',
    configHash: 'h',
    changes: ['route a: added', 'timeouts.drain: changed'],
    areWorkersReplaced: true,
  } as const;
  const { path } = open(t, { reload: () => Promise.resolve(applied) });
  assert.deepEqual(await callCommand('reload', '--control', path), {
    code: 0,
    out:
      'reloaded: 2 changes\n  route a: added\n  timeouts.drain: changed\n' +
      'workers are replaced, because user code changed; old ones finish what is open\n',
    errors: '',
  });
  const json = await callCommand('reload', '--control', path, '--json');
  assert.deepEqual(JSON.parse(json.out), {
    changed: true,
    configHash: 'h',
    changes: applied.changes,
    workersReplaced: true,
  });
  const unchanged = await callCommand('reload', '--control', open(t).path);
  assert.deepEqual(unchanged, { code: 0, out: 'nothing has changed\n', errors: '' });
});

test('reload that is refused prints the errors and exits with 1', async (t) => {
  const reason = 'the configuration is invalid';
  const { path } = open(t, {
    reload: () => Promise.resolve({ kind: 'refused', reason, errors: [ISSUE] }),
  });
  assert.deepEqual(await callCommand('reload', '--control', path), {
    code: 1,
    out: '',
    errors:
      'conf/zproxy.yaml:3:5: ZP_CONFIG_UNKNOWN_KEY: routes[0].upsteam: unknown key, did you mean ' +
      '"upstream"?\nzproxy: not reloaded, the old configuration serves on\n',
  });
  const json = await callCommand('reload', '--control', path, '--json');
  assert.equal(json.code, 1);
  assert.deepEqual(JSON.parse(json.out), { error: reason, errors: [ISSUE] });
});

test('drain begins one; with --wait it returns when nobody answers any more', async (t) => {
  let drained = 0;
  const begun = open(t, { drain: () => drained++ });
  const plain = await callCommand('drain', '--control', begun.path);
  assert.deepEqual(plain, { code: 0, out: 'draining, 2 connections open\n', errors: '' });
  assert.equal(drained, 1);
  let askedAfter = 0;
  const waited = open(t, {
    status: () => {
      if (drained === 2 && ++askedAfter === 3) waited.close();
      return statusReport({ pid: 0x7fff_fff0 });
    },
    drain: () => drained++,
  });
  const ended = await callCommand('drain', '--wait', '--control', waited.path);
  assert.deepEqual(ended, { code: 0, out: 'draining, 2 connections open\nended\n', errors: '' });
  assert.equal(askedAfter, 3);
});

/** A process that becomes another one after it was asked so, as the reports say. */
function openUpgrading(t: TestContext, after: Partial<StatusReport>): ControlSocket {
  let isAsked = false;
  let questions = 0;
  return open(t, {
    status: () => {
      if (isAsked) questions++;
      return statusReport({ pid: process.pid, ...(questions > 2 ? after : {}) });
    },
    upgrade: (launcher) => {
      assert.equal(launcher, new URL('bin/zproxy.js', packageRoot()).pathname);
      isAsked = true;
      return Promise.resolve({ kind: 'accepted', begin: () => {} });
    },
  });
}

test('upgrade waits until another version answers', async (t) => {
  const { path } = openUpgrading(t, { version: '2.0.0', startedAtSeconds: 1_800_000_000 });
  assert.deepEqual(await callCommand('upgrade', '--control', path), {
    code: 0,
    out: `upgraded from 1.2.3 to 2.0.0, process ${process.pid}\n`,
    errors: '',
  });
});

test('upgrade tells why the old version serves on', async (t) => {
  const upgrades: ChangeStatus = {
    ok: 0,
    failed: 1,
    lastSuccessSeconds: 0,
    lastFailure: 'it could not open :80',
  };
  const { path } = openUpgrading(t, { startedAtSeconds: 1_800_000_000, upgrades });
  const late = await callCommand('upgrade', '--control', path);
  const text = (reason: string): string => `zproxy: not upgraded, 1.2.3 serves on: ${reason}\n`;
  assert.deepEqual(late, { code: 1, out: '', errors: text('it could not open :80') });
  const early = await callCommand('upgrade', '--control', open(t).path);
  assert.deepEqual(early, { code: 1, out: '', errors: text('it drains') });
});

test('upgrade notices that the process has ended', async (t) => {
  const gone = 0x7fff_fff0; // above what Linux ever gives
  let hasEnded = false;
  const begin = (): void => {
    hasEnded = true;
    control.close();
  };
  const control = open(t, {
    status: () => statusReport({ pid: gone }),
    upgrade: () => Promise.resolve({ kind: 'accepted', begin }),
  });
  t.mock.method(process, 'kill', () => {
    if (hasEnded) throw new Error('ESRCH');
    return true;
  });
  const { code, errors } = await callCommand('upgrade', '--control', control.path);
  assert.deepEqual(
    [code, errors],
    [1, `zproxy: the process ${gone} has ended; its log says why\n`],
  );
});

test('a process is found by the name of a config that is broken now', async (t) => {
  const config = join(folder, 'broken.json');
  writeFileSync(config, '{ "listeners": [');
  open(t, {}, defaultControlPath(config));
  assert.equal((await callCommand('status', '--config', config)).code, 0);
  assert.equal((await callCommand('reload', '--config', config)).code, 0);
});

test('every online command exits with 3 where nobody answers, and says where', async () => {
  for (const command of ['status', 'metrics', 'reload', 'drain', 'upgrade']) {
    const path = join(folder, 'none.sock');
    const { code, out, errors } = await callCommand(command, '--control', path);
    assert.deepEqual([code, out], [3, ''], command);
    assert.equal(
      errors,
      `zproxy: no ZProxy answers at ${path}; start it with this config, or name another\n`,
    );
  }
});

test('an answer that is no success is told with its reason, and exits with 1', async (t) => {
  const { path } = open(t, {
    metrics: () => {
      throw new Error('a value is missing');
    },
  });
  const { code, errors } = await callCommand('metrics', '--control', path);
  assert.equal(code, 1);
  assert.match(errors, /answered GET \/metrics with 500: a value is missing\n$/);
});
