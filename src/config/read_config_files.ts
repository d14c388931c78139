// Reads a configuration file and all that it includes, each as its format, and collects everything
// that is wrong with them on the way. Nothing is merged and no value is judged here.

import { readFileSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { configFormat } from './config_format.ts';
import type { ConfigIssue } from './config_issue.ts';
import { type ConfigPart, type PartPlace, partIssue } from './config_part.ts';
import type { ConfigText, ConfigTextError, ConfigTextResult } from './config_text.ts';
import { type IncludedFile, IncludeFinder } from './includes.ts';
import { isObject } from './schema_shapes.ts';
import { secretsRead } from './secret_file.ts';
import { SecretTexts } from './secret_texts.ts';
import { Substituter } from './substitution.ts';

const EXTENSIONS_WANTED = '.ts, .js, .yaml or .json';

/** Whether modules may be evaluated in this process. */
export type ModulePolicy = 'evaluate' | 'leave';

export interface ConfigFiles {
  /** The named file first, then what it includes, in order. */
  readonly parts: readonly ConfigPart[];
  readonly issues: readonly ConfigIssue[];
  /** A file could not be read at all: what refers to it cannot be judged. */
  readonly isIncomplete: boolean;
  /** There is a module among them that was left alone. */
  readonly needsCode: boolean;
  readonly secrets: SecretTexts;
  /** Real paths of configurations and secrets. */
  readonly filesRead: ReadonlySet<string>;
  /** URLs of the modules that were evaluated. */
  readonly modules: readonly string[];
}

/** Reads the file at `path`; messages show the path as it is given. */
export async function readConfigFiles(path: string, policy: ModulePolicy): Promise<ConfigFiles> {
  const reader = new ConfigFileReader(policy);
  await reader.readFirst(path);
  return reader;
}

class ConfigFileReader implements ConfigFiles {
  readonly parts: ConfigPart[];
  readonly issues: ConfigIssue[];
  readonly secrets: SecretTexts;
  readonly filesRead: Set<string>;
  readonly modules: string[];
  isIncomplete: boolean;
  needsCode: boolean;
  readonly #policy: ModulePolicy;
  readonly #includes: IncludeFinder;

  constructor(policy: ModulePolicy) {
    this.parts = [];
    this.issues = [];
    this.secrets = new SecretTexts();
    this.filesRead = new Set();
    this.modules = [];
    this.isIncomplete = false;
    this.needsCode = false;
    this.#policy = policy;
    this.#includes = new IncludeFinder();
  }

  async readFirst(path: string): Promise<void> {
    try {
      const realPath = realpathSync(resolve(path));
      await this.#readPart(path, realPath, readFileSync(realPath, 'utf8'), []);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      this.#refuse(path, [fileError(error as NodeJS.ErrnoException)]);
    }
  }

  /** `above` are the files that include this one. */
  async #readPart(
    file: string,
    realPath: string,
    text: string,
    above: readonly IncludedFile[],
  ): Promise<void> {
    this.filesRead.add(realPath);
    const folder = dirname(realPath);
    const result = await this.#readText(realPath, text);
    if (result === null) return;
    if ('textErrors' in result) {
      this.#refuse(file, result.textErrors);
      return;
    }
    const place = { file, positions: result.positions };
    const data = this.#withoutOwnKeys(result, realPath);
    if (!this.#isShaped(data, place, above.length > 0)) return;
    this.parts.push({ ...place, realPath, folder, data: data.rest, drafts: result.drafts });
    const self = { file, realPath };
    const { files, issues } = this.#includes.find(data.include, place, self, above);
    this.issues.push(...issues);
    this.isIncomplete ||= issues.length > 0;
    for (const included of files) await this.#readIncluded(included, [...above, self]);
  }

  async #readIncluded(
    { file, realPath }: IncludedFile,
    above: readonly IncludedFile[],
  ): Promise<void> {
    let text: string;
    try {
      text = readFileSync(realPath, 'utf8');
    } catch (error) {
      this.#refuse(file, [fileError(error as NodeJS.ErrnoException)]);
      return;
    }
    await this.#readPart(file, realPath, text, above);
  }

  /** Each format's parser is loaded for its own files only: a start is faster by the other ones. */
  async #readText(realPath: string, text: string): Promise<ConfigTextResult | null> {
    const substituter = new Substituter(dirname(realPath), process.env, this.secrets);
    const format = configFormat(realPath);
    if (format === 'module' && this.#policy === 'leave') {
      this.needsCode = true;
      return null;
    }
    if (format === 'module') {
      const result = await (await import('./read_module.ts')).readModule(realPath, text);
      this.modules.push(pathToFileURL(realPath).href);
      this.#takeSecrets();
      return result;
    }
    if (format === null) {
      const sentence = `the file's name must end in ${EXTENSIONS_WANTED}`;
      return { textErrors: [{ code: 'ZP_CONFIG_UNREADABLE', text: sentence, position: null }] };
    }
    const result =
      format === 'yaml'
        ? (await import('./read_yaml.ts')).readYaml(text, substituter)
        : (await import('./read_json.ts')).readJson(text, substituter);
    for (const path of substituter.filesRead) this.filesRead.add(path);
    return result;
  }

  /** What modules read with `secretFile`. */
  #takeSecrets(): void {
    const { contents, files } = secretsRead();
    for (const content of contents) this.secrets.add(content);
    for (const file of files) this.filesRead.add(file);
  }

  /** Takes out `include`, and `$schema`, which is for editors and only data files have. */
  #withoutOwnKeys(
    { data }: ConfigText,
    realPath: string,
  ): { readonly rest: unknown; readonly include: unknown } {
    if (!isObject(data)) return { rest: data, include: undefined };
    const isData = configFormat(realPath) !== 'module';
    const hasSchema = isData && typeof data['$schema'] === 'string';
    if (!hasSchema && data['include'] === undefined) return { rest: data, include: undefined };
    const { include, ...rest } = data;
    if (!hasSchema) return { rest, include };
    const { $schema: _, ...own } = rest;
    return { rest: own, include };
  }

  /** An included file may be empty (all of it commented out); the first one may not. */
  #isShaped(data: { readonly rest: unknown }, place: PartPlace, isIncluded: boolean): boolean {
    const isEmpty = data.rest === null || data.rest === undefined;
    if (isEmpty && isIncluded) return false;
    if (isEmpty) {
      const text = 'there is nothing in it; it needs the keys listeners, upstreams and routes';
      this.#refuse(place.file, [{ code: 'ZP_CONFIG_SYNTAX', text, position: null }]);
      return false;
    }
    if (!isIncluded || isObject(data.rest)) return true;
    const wanted = 'an object with keys such as "routes"';
    this.issues.push(partIssue(place, [], { code: 'ZP_CONFIG_VALUE', value: data.rest, wanted }));
    this.isIncomplete = true;
    return false;
  }

  #refuse(file: string, errors: readonly ConfigTextError[]): void {
    this.isIncomplete = true;
    for (const { code, text, position } of errors) {
      const place = { line: position?.line ?? null, column: position?.column ?? null };
      const rest = { code, path: '', value: null, wanted: text, suggestion: '' };
      this.issues.push({ file, ...place, ...rest });
    }
  }
}

function fileError(error: NodeJS.ErrnoException): ConfigTextError {
  const position = null;
  if (error.code === 'ENOENT') {
    const text = 'there is no such file; name one with --config, or write it';
    return { code: 'ZP_CONFIG_NOT_FOUND', text, position };
  }
  const reason = error.code ?? error.message;
  const remedy = READ_REMEDIES[reason];
  const text = `the file cannot be read (${reason})${remedy === undefined ? '' : `; ${remedy}`}`;
  return { code: 'ZP_CONFIG_UNREADABLE', text, position };
}

const READ_REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'let this user read it and enter its folder, or start as another user',
  EISDIR: 'it is a folder; name the file in it',
};
