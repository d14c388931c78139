// References in the texts of YAML and JSON: `${NAME}` and `${NAME:-default}` are taken from the
// environment, `${file:PATH}` is the content of a secret file, `$${` is a literal `${`. A name
// without a value is an error, never an empty text: what a typo leads to must not be started.

import type { ConfigIssueCode } from './config_issue.ts';
import { readSecretFile } from './secret_file.ts';
import type { SecretTexts } from './secret_texts.ts';

/** What a text became. */
export interface Substitution {
  readonly text: string;
  /** The text was one reference to the environment and nothing else. */
  readonly isVariable: boolean;
}

/** Why it could not. `sentence` has no full stop. */
export class SubstitutionFault {
  readonly code: ConfigIssueCode;
  readonly sentence: string;

  constructor(code: ConfigIssueCode, sentence: string) {
    this.code = code;
    this.sentence = sentence;
  }
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
// biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of configurations
const FORMS = '${NAME}, ${NAME:-default} or ${file:PATH}; a literal "${" is written "$${"';

/** Whether there is anything to substitute in `text`. */
export function hasReference(text: string): boolean {
  return text.includes('${');
}

/** Substitutes in the texts of one file. */
export class Substituter {
  /** Secret files that were read. */
  readonly filesRead: Set<string>;
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #secrets: SecretTexts;

  /** `folder` is what the paths of secret files start from. */
  constructor(folder: string, environment: NodeJS.ProcessEnv, secrets: SecretTexts) {
    this.filesRead = new Set();
    this.#folder = folder;
    this.#environment = environment;
    this.#secrets = secrets;
  }

  substitute(text: string): Substitution | SubstitutionFault {
    let result = '';
    let isSecret = false;
    let position = 0;
    for (;;) {
      const at = text.indexOf('${', position);
      if (at < 0) break;
      if (text[at - 1] === '$' && at > position) {
        result += `${text.slice(position, at - 1)}\${`;
        position = at + 2;
        continue;
      }
      const end = closingBrace(text, at + 2);
      if (end < 0) {
        const sentence = `"${text.slice(at)}" has no closing brace; write ${FORMS}`;
        return new SubstitutionFault('ZP_CONFIG_ENVIRONMENT', sentence);
      }
      const reference = text.slice(at + 2, end);
      const value = this.#resolve(reference);
      if (value instanceof SubstitutionFault) return value;
      isSecret ||= reference.startsWith('file:');
      result += text.slice(position, at) + value;
      position = end + 1;
      if (at === 0 && position === text.length) {
        if (isSecret) this.#secrets.addValue(result);
        return { text: result, isVariable: !isSecret };
      }
    }
    result += text.slice(position);
    if (isSecret) this.#secrets.addValue(result);
    return { text: result, isVariable: false };
  }

  #resolve(reference: string): string | SubstitutionFault {
    if (reference.startsWith('file:')) return this.#secret(reference.slice('file:'.length));
    const [name, ...rest] = reference.split(':-');
    if (!NAME.test(name!)) {
      const sentence = `"\${${reference}}" is no reference; write ${FORMS}`;
      return new SubstitutionFault('ZP_CONFIG_ENVIRONMENT', sentence);
    }
    const value = this.#environment[name!];
    if (rest.length === 0) {
      if (value !== undefined) return value;
      const remedy = `set it, or write \${${name}:-default}`;
      const sentence = `the environment variable ${name} is not set; ${remedy}`;
      return new SubstitutionFault('ZP_CONFIG_ENVIRONMENT', sentence);
    }
    return value === undefined || value === '' ? this.#inner(rest.join(':-')) : value;
  }

  #secret(written: string): string | SubstitutionFault {
    const path = this.#inner(written);
    if (path instanceof SubstitutionFault) return path;
    const secret = readSecretFile(path, this.#folder);
    if ('fault' in secret) return new SubstitutionFault('ZP_CONFIG_SECRET', secret.fault);
    this.#secrets.add(secret.content);
    this.filesRead.add(secret.realPath);
    return secret.content;
  }

  /** A default or a path may have references of its own. */
  #inner(text: string): string | SubstitutionFault {
    const inner = this.substitute(text);
    return inner instanceof SubstitutionFault ? inner : inner.text;
  }
}

/** The brace that closes what begins at `from`; -1 where there is none. */
function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text.startsWith('${', i)) depth++;
    else if (text[i] === '}' && --depth === 0) return i;
  }
  return -1;
}
