// Text with placeholders in braces, as rewrites, redirects and the headers middleware take it:
// `/v2{path}`, `{clientIp}`, `{params.id}`, `{headers.user-agent}`, `{cookies.session}`; `{{` is a
// brace. Compiled once; a text without placeholders renders to itself without any work.
//
// What a value can bring along is decided by where it goes:
//
//   request, response   header values: as they are (a field value has no CR, LF or NUL, a path and
//                       its parameters are percent-encoded)
//   path, location      part of a URI: `path`, `query`, `target`, `params` and `host` are URI text
//                       already; all others are percent-encoded as one segment, so that a header
//                       cannot add a slash, a query or a fragment (RFC 3986 section 2.1)
//
// Which authority a location names is up to the template, never to a path in the request: `//evil`
// is written with one slash, a backslash as `%5C` (browsers take it for a slash), a parameter in
// the authority as one segment, and a template cannot begin with a parameter.

import { BYTE_CLASS, ByteClass } from '../http/byte_class.ts';

/** Where the rendered text goes: what it may ask for, and which characters it may have. */
export type TemplateContext = 'request' | 'response' | 'path' | 'location';

/** Values of one exchange, asked for only where a template names them; '' for none. */
export interface TemplateSource {
  /** Percent-encoded, in normal form. */
  readonly path: string;
  /** Without the `?`. */
  readonly query: string;
  /** With the port, where the client named one. */
  readonly host: string;
  readonly method: string;
  readonly scheme: string;
  readonly clientIp: string;
  readonly requestId: string;
  readonly route: string;
  /** Of the response, in the context `response`. */
  readonly status: number;
  /** Percent-encoded value of a path parameter. */
  param(name: string): string;
  /** First value of a field; `name` is in lower case. */
  header(name: string): string;
  cookie(name: string): string;
}

/** A compiled template. Immutable; renders as `renderTemplate` says. */
export interface Template {
  /** As it was written. */
  readonly text: string;
  readonly context: TemplateContext;
  /** What it renders to where it has no placeholder, else null. */
  readonly constant: string | null;
  /** Literal texts before, between and behind the values: one more than there are values. */
  readonly literals: readonly string[];
  readonly values: readonly TemplateValue[];
  /** Path parameters that it asks for: the route must have them. */
  readonly params: readonly string[];
}

/** What is percent-encoded in a value. */
type Escapes = 'nothing' | 'backslash' | 'all';

/** A placeholder: a field of the exchange, or a named value of one. */
export interface TemplateValue {
  readonly field: TemplateField;
  readonly escapes: Escapes;
  /** What follows the dot, header names in lower case; '' where there is none. */
  readonly name: string;
}

/** Why a text is no template. */
export interface TemplateError {
  /** What was wanted, as it follows on "wanted" in a message. */
  readonly wanted: string;
  /** The unknown name, to look for the nearest of `names`; '' where that is not the trouble. */
  readonly unknown: string;
  readonly names: readonly string[];
}

/** Placeholders without a name of their own. */
export type SimpleField =
  | 'path'
  | 'query'
  | 'target'
  | 'host'
  | 'hostname'
  | 'method'
  | 'scheme'
  | 'clientIp'
  | 'requestId'
  | 'route'
  | 'status';
/** Placeholders with a dot and a name. */
export type NamedField = 'params' | 'headers' | 'cookies';
export type TemplateField = SimpleField | NamedField;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const SIMPLE_FIELDS: readonly SimpleField[] = [
  'path',
  'query',
  'target',
  'host',
  'hostname',
  'method',
  'scheme',
  'clientIp',
  'requestId',
  'route',
];
const NAMED_FIELDS: readonly NamedField[] = ['params', 'headers', 'cookies'];
const PARAM_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const PLACEHOLDER = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/** Names that a template may write in braces; those with a dot take a name in place of NAME. */
export function templateNames(context: TemplateContext): string[] {
  const names: string[] = [...SIMPLE_FIELDS];
  if (context === 'response') names.push('status');
  for (const field of NAMED_FIELDS) names.push(`${field}.NAME`);
  return names;
}

/** Compiles a template, or says why it is none. */
export function parseTemplate(text: string, context: TemplateContext): Template | TemplateError {
  const literals: string[] = [];
  const values: Mutable<TemplateValue>[] = [];
  let literal = '';
  let end = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    literal += text.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[0] === '{{' || match[0] === '}}') {
      literal += match[0][0];
      continue;
    }
    if (match[1] === undefined) {
      const brace = match[0];
      return failure(`each "{" closed by a "}" ("${brace}${brace}" is the character itself)`);
    }
    const value = parseValue(match[1], context);
    if ('wanted' in value) return value;
    literals.push(literal);
    values.push(value);
    literal = '';
  }
  literals.push(literal + text.slice(end));
  const wanted = wantedLiterals(literals, values, context);
  if (wanted !== '') return failure(wanted);
  if (context === 'location') escapeAuthority(literals, values);
  const params = values.filter((value) => value.field === 'params').map((value) => value.name);
  const constant = values.length === 0 ? literals[0]! : null;
  return { text, context, constant, literals, values, params };
}

/** Whether `parseTemplate` refused the text. */
export function isTemplateError(parsed: Template | TemplateError): parsed is TemplateError {
  return 'wanted' in parsed;
}

/** The template's text for one exchange. Allocates, unless it is constant. */
export function renderTemplate(template: Template, source: TemplateSource): string {
  if (template.constant !== null) return template.constant;
  const { literals, values, context } = template;
  let text = literals[0]!;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    text += escaped(valueIn(value, source), value.escapes);
    text += literals[i + 1]!;
  }
  return context === 'location' ? withinAuthority(text, literals[0]!) : text;
}

function parseValue(written: string, context: TemplateContext): TemplateValue | TemplateError {
  const dot = written.indexOf('.');
  const names = templateNames(context);
  if (dot < 0) {
    if (isSimpleField(written, context))
      return { field: written, name: '', escapes: escapesOf(written, context) };
    return { wanted: wantedNames(names), unknown: written, names };
  }
  const field = written.slice(0, dot) as NamedField;
  const name = written.slice(dot + 1);
  if (!NAMED_FIELDS.includes(field)) return { wanted: wantedNames(names), unknown: written, names };
  const escapes = escapesOf(field, context);
  if (field === 'params') {
    const isName = PARAM_NAME.test(name);
    return isName ? { field, name, escapes } : failure('the name of a path parameter');
  }
  if (!isToken(name)) return failure(`the name of a ${field === 'headers' ? 'header' : 'cookie'}`);
  return { field, name: field === 'headers' ? name.toLowerCase() : name, escapes };
}

function isSimpleField(name: string, context: TemplateContext): name is SimpleField {
  if (name === 'status') return context === 'response';
  return SIMPLE_FIELDS.includes(name as SimpleField);
}

function wantedNames(names: readonly string[]): string {
  return `one of ${names.map((name) => `{${name}}`).join(', ')}`;
}

function failure(wanted: string): TemplateError {
  return { wanted, unknown: '', names: [] };
}

/** What is wanted of the literal texts; '' where they are fine. */
function wantedLiterals(
  literals: readonly string[],
  values: readonly TemplateValue[],
  context: TemplateContext,
): string {
  if (context === 'request' || context === 'response') {
    const isValue = literals.every((text) => hasOnly(text, ByteClass.VALUE));
    return isValue ? '' : 'a text without control characters and without characters above U+00FF';
  }
  const isUri = literals.every((text) => isUriText(text, context === 'location'));
  if (!isUri) return 'characters of a URI alone (percent-encode all others)';
  const first = literals[0]!;
  const isFromPath = first === '' && startsWithSlash(values[0]);
  if (context === 'path') {
    return first.startsWith('/') || isFromPath ? '' : 'a path that begins with "/"';
  }
  const isAnchored = /^(?:[/?#.]|[a-z][a-z0-9+.-]*:)/i.test(first);
  const isFromScheme = first === '' && values[0]?.field === 'scheme';
  if (values.length === 0 || isAnchored || isFromPath || isFromScheme) return '';
  return 'a location that begins with "/", a scheme ("https://"), {path}, {target} or {scheme}';
}

/** RFC 3986 section 2: what may stand in a URI, every `%` the beginning of an escape. */
function isUriText(text: string, mayHaveFragment: boolean): boolean {
  if (/%(?![0-9A-Fa-f]{2})/.test(text) || /["<>\\^`{|}]/.test(text)) return false;
  return hasOnly(mayHaveFragment ? text.replaceAll('#', '') : text, ByteClass.TARGET);
}

function isToken(text: string): boolean {
  return text !== '' && hasOnly(text, ByteClass.TOKEN);
}

function hasOnly(text: string, byteClass: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff || (BYTE_CLASS[code]! & byteClass) === 0) return false;
  }
  return true;
}

function valueIn(value: TemplateValue, source: TemplateSource): string {
  switch (value.field) {
    case 'path':
      return source.path;
    case 'query':
      return source.query;
    case 'target':
      return source.query === '' ? source.path : `${source.path}?${source.query}`;
    case 'host':
      return source.host;
    case 'hostname':
      return withoutPort(source.host);
    case 'method':
      return source.method;
    case 'scheme':
      return source.scheme;
    case 'clientIp':
      return source.clientIp;
    case 'requestId':
      return source.requestId;
    case 'route':
      return source.route;
    case 'status':
      return String(source.status);
    case 'params':
      return source.param(value.name);
    case 'headers':
      return source.header(value.name);
    default:
      return source.cookie(value.name);
  }
}

/** The host of `host:port`; brackets of an IPv6 address stay. */
function withoutPort(host: string): string {
  const colon = host.lastIndexOf(':');
  return colon > host.lastIndexOf(']') ? host.slice(0, colon) : host;
}

/** Header values are taken as they are; in a URI only what is URI text already. */
function escapesOf(field: TemplateField, context: TemplateContext): Escapes {
  if (context === 'request' || context === 'response') return 'nothing';
  switch (field) {
    case 'path':
    case 'query':
    case 'target':
    case 'params':
      return context === 'location' ? 'backslash' : 'nothing';
    case 'host':
    case 'hostname':
    case 'scheme':
      return 'nothing';
    default:
      return 'all';
  }
}

/** A parameter that stands where the host is named cannot end the host with a slash. */
function escapeAuthority(literals: readonly string[], values: Mutable<TemplateValue>[]): void {
  const written = literals[0] === '' && values[0]?.field === 'scheme' ? 1 : 0;
  const start = /^(?:[a-z][a-z0-9+.-]*)?:?\/\//i.exec(literals[written]!);
  if (start === null) return;
  let rest = literals[written]!.slice(start[0].length);
  for (let i = written; i < values.length && !/[/?#]/.test(rest); i++) {
    const value = values[i]!;
    if (startsWithSlash(value)) return;
    if (value.escapes === 'backslash') value.escapes = 'all';
    rest = literals[i + 1]!;
  }
}

function startsWithSlash(value: TemplateValue | undefined): boolean {
  return value?.field === 'path' || value?.field === 'target';
}

function escaped(text: string, escapes: Escapes): string {
  if (escapes === 'nothing') return text;
  return escapes === 'all' ? escapeSegment(text) : text.replaceAll('\\', '%5C');
}

/** Percent-encodes each byte that is not unreserved. A segment of dots alone stays what it is. */
function escapeSegment(text: string): string {
  let segment = '';
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i) & 0xff;
    if ((BYTE_CLASS[byte]! & ByteClass.UNRESERVED) !== 0) segment += text[i];
    else segment += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return segment;
}

/**
 * A reference that begins with two slashes names another authority (RFC 3986 section 4.2): only the
 * template may do that, not what a client wrote into its path.
 */
function withinAuthority(text: string, written: string): string {
  if (!text.startsWith('//') || written.startsWith('//')) return text;
  return `/${text.replace(/^\/+/, '')}`;
}
