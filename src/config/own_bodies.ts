// The bodies that the proxy sends on its own account: which files they come from, what is wrong
// with those, and the bytes with their Content-Type.

import type { ErrorPage, OwnBody } from '../proxy/options.ts';
import { contentTypeOfFile } from './content_type.ts';
import { type IssueDraft, valueAt } from './issue_draft.ts';
import type { KeyPath } from './key_path.ts';
import type { FolderOf } from './middleware_uses.ts';
import type { OwnFiles } from './own_files.ts';
import type { ParsedErrorPages, ParsedRespond } from './parsed_config.ts';
import { isObject } from './schema_shapes.ts';
import { parseFilePath } from './schema_values.ts';

const TEXT_TYPE = 'text/plain; charset=utf-8';
const PAGE_TYPE = 'text/html; charset=utf-8';
const ENCODER = new TextEncoder();

/** Reads every file that `data` sends from, and drafts what is wrong with it. */
export function checkOwnFiles(data: unknown, folderOf: FolderOf, files: OwnFiles): IssueDraft[] {
  const drafts: IssueDraft[] = [];
  const check = (path: KeyPath, value: unknown): void => {
    if (typeof value !== 'string' || typeof parseFilePath(value) !== 'string') return;
    const file = files.read(value, folderOf(path));
    if (file instanceof Uint8Array) return;
    const { wanted } = file;
    drafts.push({ code: 'ZP_CONFIG_VALUE', path, at: 'value', value, wanted, suggestion: '' });
  };
  const checkPages = (pages: unknown, path: KeyPath): void => {
    if (!isObject(pages)) return;
    for (const [status, page] of Object.entries(pages)) {
      if (isObject(page)) check([...path, status, 'file'], page['file']);
      else check([...path, status], page);
    }
  };
  checkPages(valueAt(data, ['errorPages']), ['errorPages']);
  const routes = valueAt(data, ['routes']);
  if (!Array.isArray(routes)) return drafts;
  routes.forEach((route: unknown, index) => {
    if (!isObject(route)) return;
    const { respond, errorPages } = route;
    if (isObject(respond)) check(['routes', index, 'respond', 'file'], respond['file']);
    if (errorPages !== undefined) checkPages(errorPages, ['routes', index, 'errorPages']);
  });
  return drafts;
}

/** The body of a direct answer; null where it has none. The file was read before. */
export function buildAnswerBody(
  respond: ParsedRespond,
  folder: string,
  files: OwnFiles,
): OwnBody | null {
  if (respond.file === undefined && respond.body === undefined) return null;
  return buildBody(respond, TEXT_TYPE, (path) => files.read(path, folder));
}

/** Error pages, the narrower before the wider, so that 404 wins over 4xx. */
export function buildErrorPages(
  pages: ParsedErrorPages | undefined,
  path: KeyPath,
  folderOf: FolderOf,
  files: OwnFiles,
): ErrorPage[] {
  if (pages === undefined) return [];
  const built = Object.entries(pages).map(([status, page]): ErrorPage => {
    const [statusMin, statusMax] = statusRange(status);
    const at = [...path, status];
    return {
      statusMin,
      statusMax,
      body: buildBody(page, PAGE_TYPE, (file) => files.read(file, folderOf(at))),
      isForUpstream: page.upstream ?? false,
    };
  });
  const width = (page: ErrorPage): number => page.statusMax - page.statusMin;
  return built.toSorted((a, b) => width(a) - width(b));
}

function buildBody(
  written: Pick<ParsedRespond, 'body' | 'file' | 'contentType'>,
  textType: string,
  read: (path: string) => ReturnType<OwnFiles['read']>,
): OwnBody {
  if (written.file === undefined) {
    const bytes = ENCODER.encode(written.body ?? '');
    return { bytes, contentType: written.contentType ?? textType };
  }
  const bytes = read(written.file) as Uint8Array;
  return { bytes, contentType: written.contentType ?? contentTypeOfFile(written.file) };
}

/** `404`, `4xx` and `502-504` as first and last status. */
function statusRange(text: string): [number, number] {
  if (text.endsWith('xx')) return [Number(text[0]) * 100, Number(text[0]) * 100 + 99];
  const [from, to] = text.split('-');
  return [Number(from), Number(to ?? from)];
}
