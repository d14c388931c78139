// YAML 1.2 to plain data with positions. A text that is no YAML has one error, since what follows
// it cannot be told; all other faults are reported at once: keys that stand twice, aliases of
// nothing, a second document.

import { EVENT_ID, type Event, parseEvents, YAMLException } from 'js-yaml';
import { type ConfigTextError, type ConfigTextResult, TextValues } from './config_text.ts';
import { PositionTree } from './position_tree.ts';
import { LineTable, NO_POSITIONS } from './positions.ts';
import { hasReference, type Substituter } from './substitution.ts';
import { YamlComposer } from './yaml_composer.ts';

export function readYaml(text: string, substituter: Substituter): ConfigTextResult {
  const lines = new LineTable(text);
  const error = (sentence: string, offset: number): ConfigTextError => ({
    code: 'ZP_CONFIG_SYNTAX',
    text: sentence,
    position: lines.positionOf(offset),
  });
  let events: readonly Event[];
  try {
    events = parseEvents(text, {});
  } catch (fault) {
    if (!(fault instanceof YAMLException)) throw fault;
    const offset = Math.min(fault.mark?.position ?? 0, text.length);
    return { textErrors: [error(reasonOf(fault) + flowHint(text, offset), offset)] };
  }
  if (events.length === 0) return { data: null, positions: NO_POSITIONS, drafts: [] };
  const values = new TextValues(substituter);
  const composer = new YamlComposer(text, events, (...scalar) => values.read(...scalar));
  const { value, place } = composer.compose();
  const textErrors = composer.faults.map((fault) => error(fault.text, fault.offset));
  const second = secondDocument(text, events);
  if (second >= 0) {
    const sentence = 'a configuration is one YAML document, and here a second one begins';
    textErrors.push(error(sentence, second));
  }
  if (textErrors.length > 0) return { textErrors };
  return { data: value, positions: new PositionTree(text, place), drafts: values.drafts };
}

/** As the reader of JSON says it. */
function reasonOf({ reason }: YAMLException): string {
  const depth = /^nesting exceeded maxDepth \((\d+)\)$/.exec(reason)?.[1];
  return depth === undefined ? reason : `values are nested more than ${depth} deep`;
}

/** Braces and brackets have a meaning of their own, which an unquoted reference runs into. */
function flowHint(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const line = text.slice(start, offset + 1);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of configurations
  return hasReference(line) ? '; inside [ ] and { } a ${NAME} needs quotes: "${NAME}"' : '';
}

/** Where the second document begins; -1 where there is none. */
function secondDocument(text: string, events: readonly Event[]): number {
  const index = events.findIndex((event, at) => at > 0 && event.type === EVENT_ID.DOCUMENT);
  if (index < 0) return -1;
  const next = events.slice(index).find((event) => 'start' in event || 'valueStart' in event);
  const content = next === undefined ? -1 : 'start' in next ? next.start : next.valueStart;
  const marker = text.lastIndexOf('\n---', content < 0 ? text.length : content);
  return marker < 0 ? Math.max(content, 0) : marker + 1;
}
