// What a configuration is read from, beside its text: which files, which of them are code, and what
// is decided without running any of it.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of configurations

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfigFile, loadDataConfigFile } from './load_config_file.ts';
import type { Snapshot } from './snapshot.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'zproxy-files-')));
after(() => rmSync(root, { recursive: true, force: true }));

const LISTENERS = "listeners: [{ address: '127.0.0.1:0' }]\n";
const MIDDLEWARE = `
import { defineMiddleware } from 'zproxy';
import { value } from './value.ts';
export const stamp = defineMiddleware({ name: 'stamp', create: () => ({ value }) as {} });
`;

/** A folder with these files; modules are evaluated once per path, so each test has its own. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(root, 'case-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

async function snapshotOf(path: string): Promise<Snapshot> {
  const result = await loadConfigFile(path);
  assert.ok('snapshot' in result, JSON.stringify(result));
  return result.snapshot;
}

function names(folder: string, paths: readonly string[]): string[] {
  return paths.map((path) => path.replace(`${folder}/`, ''));
}

test('snapshot.code is what middleware imports, not what only the config imports', async () => {
  const folder = folderOf({
    'zproxy.config.ts': `
      import { stamp } from './stamp.ts';
      import { routes } from './routes.ts';
      export default { listeners: [{ address: '127.0.0.1:0' }], routes: routes(stamp({})) };`,
    'routes.ts': `
      export const routes = (use: object) => [{ respond: {}, middleware: [use] }];`,
    'stamp.ts': MIDDLEWARE,
    'value.ts':
      "import data from './value.json' with { type: 'json' };\nexport const value = data;",
    'value.json': '1',
    'unused.ts': '',
  });
  const { code, files } = await snapshotOf(join(folder, 'zproxy.config.ts'));
  assert.deepEqual(names(folder, code.files), ['stamp.ts', 'value.json', 'value.ts']);
  assert.match(code.hash, /^[0-9a-f]{64}$/);
  const all = ['routes.ts', 'stamp.ts', 'value.json', 'value.ts', 'zproxy.config.ts'];
  assert.deepEqual(names(folder, files), all);
});

test('a config that defines middleware is code itself; one that does not, is none', async () => {
  const define = "import { defineMiddleware } from 'zproxy';\n";
  const folder = folderOf({
    'own.config.ts': `${define}
      const own = defineMiddleware({ name: 'own', create: () => ({}) });
      export default {
        listeners: [{ address: '127.0.0.1:0' }], routes: [{ respond: {}, middleware: [own()] }],
      };`,
    'unused.config.ts': `${define}
      defineMiddleware({ name: 'own', create: () => ({}) });
      export default { listeners: [{ address: '127.0.0.1:0' }], routes: [{ respond: {} }] };`,
  });
  const own = await snapshotOf(join(folder, 'own.config.ts'));
  assert.deepEqual(names(folder, own.code.files), ['own.config.ts']);
  const unused = await snapshotOf(join(folder, 'unused.config.ts'));
  assert.deepEqual(unused.code, { files: [], hash: '' });
});

test('installed packages are code, and are not watched', async () => {
  const folder = folderOf({
    'zproxy.yaml': `${LISTENERS}routes: [{ respond: {}, middleware: [{ module: ./stamp.ts }] }]\n`,
    'stamp.ts': MIDDLEWARE,
    'value.ts': "export { value } from 'some-package';\nimport 'node:fs';",
    'node_modules/some-package/package.json':
      '{ "name": "some-package", "type": "module", "exports": "./index.js" }',
    'node_modules/some-package/index.js': "export { value } from './deep.cjs';",
    'node_modules/some-package/deep.cjs': "exports.value = require('./deeper.cjs');",
    'node_modules/some-package/deeper.cjs': 'module.exports = 1;',
  });
  const { code, files } = await snapshotOf(join(folder, 'zproxy.yaml'));
  assert.deepEqual(names(folder, code.files), [
    'node_modules/some-package/deep.cjs',
    'node_modules/some-package/deeper.cjs',
    'node_modules/some-package/index.js',
    'stamp.ts',
    'value.ts',
  ]);
  assert.deepEqual(names(folder, files), ['stamp.ts', 'value.ts', 'zproxy.yaml']);
});

test('the hash of the code follows from contents and names alone', async () => {
  const config = `${LISTENERS}routes: [{ respond: {}, middleware: [{ module: ./stamp.ts }] }]\n`;
  const folder = folderOf({
    'zproxy.yaml': config,
    'stamp.ts': MIDDLEWARE,
    'value.ts': 'export const value = 1;',
  });
  const path = join(folder, 'zproxy.yaml');
  const first = await snapshotOf(path);
  writeFileSync(path, `${config}workers: 3\n`);
  const data = await snapshotOf(path);
  assert.equal(data.code.hash, first.code.hash, 'a change of data is none of code');
  assert.notEqual(data.hash, first.hash);
  writeFileSync(join(folder, 'value.ts'), 'export const value = 2;');
  assert.notEqual((await snapshotOf(path)).code.hash, first.code.hash);
  writeFileSync(join(folder, 'value.ts'), 'export const value = 1;');
  assert.equal((await snapshotOf(path)).code.hash, first.code.hash);
});

test('snapshot.files has what is included, secrets and files that are sent', async () => {
  const folder = folderOf({
    'zproxy.yaml': `${LISTENERS}include: conf.d/*.yaml\nroutes: [{ path: /a, respond: {} }]\n`,
    'conf.d/a.yaml':
      'routes:\n  - { path: /b, respond: { file: page.txt } }\n' +
      "  - { path: /c, respond: { body: '${file:../token}' } }\n",
    'conf.d/page.txt': 'page',
    token: 'secret',
  });
  const { files } = await snapshotOf(join(folder, 'zproxy.yaml'));
  const all = ['conf.d/a.yaml', 'conf.d/page.txt', 'token', 'zproxy.yaml'];
  assert.deepEqual(names(folder, files), all);
});

test('loadDataConfigFile() reads data, and gives up where there is code, unrun', async () => {
  const marked = (name: string): string => `globalThis.ran = '${name}';\nexport default {};\n`;
  const folder = folderOf({
    'data.yaml': `${LISTENERS}routes: [{ respond: {} }]\n`,
    'includes.yaml': `${LISTENERS}include: code.ts\nroutes: [{ respond: {} }]\n`,
    'uses.yaml': `${LISTENERS}routes: [{ respond: {}, middleware: [{ module: ./code.ts }] }]\n`,
    'code.ts': marked('code.ts'),
    'wrong.yaml': 'routes: [{ respnd: {} }]\n',
  });
  const data = await loadDataConfigFile(join(folder, 'data.yaml'));
  assert.ok(data !== null && 'snapshot' in data);
  assert.equal(await loadDataConfigFile(join(folder, 'includes.yaml')), null);
  assert.equal(await loadDataConfigFile(join(folder, 'uses.yaml')), null);
  assert.equal(await loadDataConfigFile(join(folder, 'code.ts')), null);
  const wrong = await loadDataConfigFile(join(folder, 'wrong.yaml'));
  assert.ok(wrong !== null && 'errors' in wrong);
  assert.equal('ran' in globalThis, false);
});

test('a link to a config includes what lies beside the file it leads to', async () => {
  const folder = folderOf({
    'real/zproxy.yaml': `${LISTENERS}include: more.yaml\nroutes: [{ path: /, respond: {} }]\n`,
    'real/more.yaml': 'routes: [{ path: /more, respnd: {} }]\n',
  });
  symlinkSync(join(folder, 'real/zproxy.yaml'), join(folder, 'link.yaml'));
  const result = await loadConfigFile(join(folder, 'link.yaml'));
  assert.ok('errors' in result);
  assert.deepEqual(
    result.errors.map(({ file, line }) => [file, line]),
    [[join(folder, 'real/more.yaml'), 1]],
  );
});

test('neither errors nor the effective configuration show a secret', async () => {
  const folder = folderOf({
    'zproxy.yaml': `${LISTENERS}routes:
  - path: /a
    respond: { body: 'token=\${file:token}' }
    middleware: [{ headers: { request: { set: { authorization: 'Bearer \${file:token}' } } } }]
`,
    'wrong.yaml': `${LISTENERS}routes:
  - path: /a
    respond: {}
    middleware: [{ headers: { request: { sett: { authorization: 'Bearer \${file:token}' } } } }]
    host: 'Bearer \${file:token}'
`,
    token: 'hunter2-hunter2\n',
  });
  const options = { wantsEffective: true };
  const right = await loadConfigFile(join(folder, 'zproxy.yaml'), options);
  assert.ok('effective' in right, JSON.stringify(right));
  assert.match(JSON.stringify(right.effective), /\*\*\*/);
  assert.doesNotMatch(JSON.stringify(right.effective), /hunter2/);
  assert.match(JSON.stringify(right.snapshot), /hunter2/);
  const wrong = await loadConfigFile(join(folder, 'wrong.yaml'));
  assert.ok('errors' in wrong);
  assert.equal(wrong.errors.length, 2);
  assert.match(JSON.stringify(wrong.errors), /\*\*\*/);
  assert.doesNotMatch(JSON.stringify(wrong.errors), /hunter2/);
});
