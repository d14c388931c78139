// Makes the package that is published, from dist/ and a manifest of its own: the checkout's Node
// must not land in the node_modules/.bin of whoever installs ZProxy, and all that we depend on is
// in the bundles.
//
//   node tools/pack.ts FOLDER     builds, then writes zproxy-VERSION.tgz into FOLDER

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildPackage } from './build.ts';
import { ROOT, stepEnvironment } from './steps.ts';

const FILES = ['bin', 'dist', 'schema', 'LICENSE', 'README.md', 'CHANGELOG.md'] as const;

/** Keys of package.json that a published package has. */
const KEYS = [
  'name',
  'version',
  'description',
  'license',
  'type',
  'engines',
  'bin',
  'exports',
] as const;

/** The manifest of the published package. */
function publishedManifest(manifest: Readonly<Record<string, unknown>>): object {
  const published: Record<string, unknown> = {};
  for (const key of KEYS) published[key] = manifest[key];
  return { ...published, files: [...FILES] };
}

/** Packs what is in dist/ and returns the path of the tarball in `folder`. */
export function packTo(folder: string): string {
  const stage = mkdtempSync(join(tmpdir(), 'zproxy-pack-'));
  try {
    for (const file of FILES) cpSync(join(ROOT, file), join(stage, file), { recursive: true });
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as object;
    const text = JSON.stringify(publishedManifest({ ...manifest }), null, 2);
    writeFileSync(join(stage, 'package.json'), `${text}\n`);
    const result = spawnSync('npm', ['pack', '--silent', '--pack-destination', resolve(folder)], {
      cwd: stage,
      env: stepEnvironment(),
      encoding: 'utf8',
    });
    if (result.status !== 0) throw new Error(`npm pack failed:\n${result.stdout}${result.stderr}`);
    return join(resolve(folder), result.stdout.trim());
  } finally {
    rmSync(stage, { recursive: true });
  }
}

if (import.meta.main) {
  await buildPackage();
  console.log(packTo(process.argv[2] ?? '.'));
}
