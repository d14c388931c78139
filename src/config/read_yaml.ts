// YAML 1.2 to plain data with positions. All syntax errors of the file are reported; keys that
// stand twice are one of them. Several documents in one file are refused.

import { parseAllDocuments } from 'yaml';
import type { ConfigTextError, ConfigTextResult } from './config_text.ts';
import { NO_POSITIONS, positionOf } from './positions.ts';
import { YamlPositions } from './yaml_positions.ts';

/** Aliases may be used, but not to blow a small file up. */
const ALIASES_MAX = 1_000;

export function readYaml(text: string): ConfigTextResult {
  const documents = parseAllDocuments(text, { prettyErrors: false, strict: true });
  if (!Array.isArray(documents) || documents.length === 0) {
    return { data: null, positions: NO_POSITIONS };
  }
  const faults = documents.flatMap((document) => [...document.errors, ...document.warnings]);
  const textErrors = faults.map(
    (fault): ConfigTextError => ({
      code: 'ZP_CONFIG_SYNTAX',
      text: fault.message,
      position: positionOf(text, fault.pos[0]),
    }),
  );
  const [document, second] = documents;
  if (second !== undefined) {
    const position = positionOf(text, second.range[0]);
    const sentence = 'a configuration is one YAML document, and here a second one begins';
    textErrors.push({ code: 'ZP_CONFIG_SYNTAX', text: sentence, position });
  }
  if (document === undefined || textErrors.length > 0) return { textErrors };
  try {
    const data: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
    return { data, positions: new YamlPositions(text, document) };
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    return { textErrors: [{ code: 'ZP_CONFIG_SYNTAX', text: sentence, position: null }] };
  }
}
