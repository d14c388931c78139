// Why the conditions of a route on scheme, values and client address do not hold for a request, as
// they read: for `explain` and as the model that condition_matcher.ts is held to.

import type { AddressRange } from '../base/address_ranges.ts';
import { compileAddressRanges } from '../base/address_ranges.ts';
import { compileLinearPattern } from '../base/linear_pattern.ts';
import type { ExplainRequest } from './explain_request.ts';
import type { RouteConditions, ValueCondition, ValueTest } from './route.ts';

const SUBJECTS = { header: 'header', query: 'query parameter', cookie: 'cookie' } as const;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The first condition that does not hold, or ''. */
export function explainConditions(given: RouteConditions, request: ExplainRequest): string {
  if (given.scheme !== '' && given.scheme !== request.scheme) {
    return `scheme is ${request.scheme} (wanted ${given.scheme})`;
  }
  for (const condition of given.values) {
    const reason = explainValue(condition, request);
    if (reason !== '') return reason;
  }
  if (given.clientAddress === null) return '';
  const { ranges, isNegated } = given.clientAddress;
  if (compileAddressRanges(ranges)(request.clientHost) !== isNegated) return '';
  const got = request.clientHost === '' ? 'there is none' : `it is ${request.clientHost}`;
  const texts = ranges.map(rangeText).join(' or ');
  return `client address is ${isNegated ? '' : 'not '}in ${texts} (${got})`;
}

function explainValue(condition: ValueCondition, request: ExplainRequest): string {
  const values = valuesOf(condition, request);
  const passes = values.some((value) => passesTest(condition.test, value));
  if (passes !== condition.isNegated) return '';
  const subject = `${SUBJECTS[condition.on]} ${condition.name}`;
  const got =
    values.length === 0 ? 'is absent' : `is ${values.map((value) => `"${value}"`).join(' and ')}`;
  return `${subject} ${got} (wanted ${wantedText(condition)})`;
}

function wantedText({ test, isNegated }: ValueCondition): string {
  switch (test.kind) {
    case 'present':
      return isNegated ? 'it to be absent' : 'it to be present';
    case 'exact':
      return isNegated ? `anything but "${test.value}"` : `"${test.value}"`;
    case 'prefix':
      return `${isNegated ? 'nothing' : 'a value'} that begins with "${test.value}"`;
    case 'pattern':
      return `${isNegated ? 'nothing' : 'a value'} that matches /${test.value}/`;
  }
}

function passesTest(test: ValueTest, value: string): boolean {
  switch (test.kind) {
    case 'present':
      return true;
    case 'exact':
      return value === test.value;
    case 'prefix':
      return value.startsWith(test.value);
    case 'pattern':
      return compileLinearPattern(test.value).test(value);
  }
}

function valuesOf({ on, name }: ValueCondition, request: ExplainRequest): string[] {
  switch (on) {
    case 'header':
      return headerValues(request, name);
    case 'query':
      return request.query
        .split('&')
        .filter((pair) => pair !== '' && decodeQuery(pair.split('=')[0]!) === name)
        .map((pair) => (pair.includes('=') ? decodeQuery(pair.slice(pair.indexOf('=') + 1)) : ''));
    case 'cookie':
      return headerValues(request, 'cookie')
        .flatMap((value) => value.split(';'))
        .filter((pair) => pair.includes('='))
        .filter((pair) => trim(pair.slice(0, pair.indexOf('='))) === name)
        .map((pair) => trim(pair.slice(pair.indexOf('=') + 1)));
  }
}

function headerValues(request: ExplainRequest, name: string): string[] {
  return request.headers
    .filter(([fieldName]) => fieldName.toLowerCase() === name)
    .map(([, value]) => value);
}

/** `+` is a space, `%XX` a byte of UTF-8; anything else stands for itself. */
function decodeQuery(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  return spaced.replaceAll(/(%[0-9A-Fa-f]{2})+/g, (escapes) => {
    const bytes = escapes
      .slice(1)
      .split('%')
      .map((digits) => Number.parseInt(digits, 16));
    return decoder.decode(Uint8Array.from(bytes));
  });
}

function trim(text: string): string {
  return text.replaceAll(/^[ \t]+|[ \t]+$/g, '');
}

function rangeText(range: AddressRange): string {
  return `${range.host}/${range.bits}`;
}
