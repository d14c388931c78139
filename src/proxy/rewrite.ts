// The target that an endpoint is sent where a route changes it. It is written into scratch right
// before the head is encoded, at each try, and the head gets its own target back afterwards: so the
// log shows what the client asked for, and nothing has to be kept.
//
// A rewritten path is held to the normal form that received ones are brought to: a parameter that
// would make another path of it ("." behind a slash) is refused instead of sent.

import { assert } from '../base/assert.ts';
import { TARGET_BYTES_MAX } from '../base/limits.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import type { RequestHead } from '../http/message_head.ts';
import { isNormalPath } from '../http/target.ts';
import { equalsText } from '../http/text.ts';
import {
  isTemplateError,
  parseTemplate,
  renderTemplate,
  type Template,
  type TemplateSource,
} from '../middleware/template.ts';
import type { RewriteOptions } from './options.ts';
import type { ScratchWriter } from './scratch_writer.ts';

const SLASH = 0x2f;

export class Rewrite {
  readonly #kind: RewriteOptions['kind'];
  /** Without a slash at its end; may be ''. */
  readonly #prefix: string;
  readonly #template: Template | null;

  constructor(options: RewriteOptions) {
    this.#kind = options.kind;
    this.#prefix = options.kind === 'template' ? '' : options.prefix.replace(/\/+$/, '');
    this.#template = options.kind === 'template' ? parsePath(options.template) : null;
  }

  /**
   * Points the head at the rewritten target. Anything but NONE is what the request is refused
   * with; the head is then as it was.
   */
  apply(head: RequestHead, scratch: ScratchWriter, texts: TemplateSource): ExchangeError {
    if (scratch.bytes[head.targetStart] !== SLASH) return ExchangeError.NONE; // "*"
    switch (this.#kind) {
      case 'strip-prefix':
        return this.#stripPrefix(head, scratch);
      case 'add-prefix':
        return this.#addPrefix(head, scratch);
      default:
        return this.#render(head, scratch, renderTemplate(this.#template!, texts));
    }
  }

  #stripPrefix(head: RequestHead, scratch: ScratchWriter): ExchangeError {
    const restStart = head.targetStart + this.#prefix.length;
    if (restStart > head.pathEnd) return ExchangeError.NONE;
    if (!equalsText(scratch.bytes, head.targetStart, restStart, this.#prefix)) {
      return ExchangeError.NONE;
    }
    if (restStart < head.pathEnd) {
      // `/apix` has not the prefix `/api`.
      if (scratch.bytes[restStart] === SLASH) head.targetStart = restStart;
      return ExchangeError.NONE;
    }
    scratch.restart();
    const start = scratch.at;
    scratch.putByte(SLASH);
    const pathEnd = scratch.at;
    scratch.putRange(head.pathEnd, head.targetEnd);
    setTarget(head, start, pathEnd, scratch.at);
    return ExchangeError.NONE;
  }

  #addPrefix(head: RequestHead, scratch: ScratchWriter): ExchangeError {
    const byteCount = head.targetEnd - head.targetStart;
    if (byteCount + this.#prefix.length > TARGET_BYTES_MAX) {
      return ExchangeError.REQUEST_TARGET_TOO_LONG;
    }
    scratch.restart();
    const start = scratch.at;
    scratch.putText(this.#prefix);
    scratch.putRange(head.targetStart, head.pathEnd);
    const pathEnd = scratch.at;
    scratch.putRange(head.pathEnd, head.targetEnd);
    setTarget(head, start, pathEnd, scratch.at);
    return ExchangeError.NONE;
  }

  #render(head: RequestHead, scratch: ScratchWriter, text: string): ExchangeError {
    const question = text.indexOf('?');
    const path = question < 0 ? text : text.slice(0, question);
    if (!isNormalPath(path)) return ExchangeError.REQUEST_PATH_REFUSED;
    const queryBytes = question < 0 ? head.targetEnd - head.pathEnd : 0;
    if (text.length + queryBytes > TARGET_BYTES_MAX) return ExchangeError.REQUEST_TARGET_TOO_LONG;
    scratch.restart();
    const start = scratch.at;
    scratch.putText(text);
    scratch.putRange(head.targetEnd - queryBytes, head.targetEnd);
    setTarget(head, start, start + path.length, scratch.at);
    return ExchangeError.NONE;
  }
}

function setTarget(head: RequestHead, start: number, pathEnd: number, end: number): void {
  head.targetStart = start;
  head.pathEnd = pathEnd;
  head.targetEnd = end;
}

function parsePath(text: string): Template {
  const template = parseTemplate(text, 'path');
  assert(!isTemplateError(template), 'the config has checked the template');
  return template;
}
