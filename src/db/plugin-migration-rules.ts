import { lockFindings } from './migration-rules';
import { splitStatements } from './migration-statements';

/**
 * Patterns that match the schema of a qualified name. The name follows keywords for creating, changing, writing or
 * referring to an object.
 */
const QUALIFIED = [
  String.raw`^(?:create|alter|drop)\s+(?:or\s+replace\s+)?(?:unlogged\s+|materialized\s+|unique\s+)?(?:table|view|index|sequence|type|function|procedure|trigger)\s+(?:concurrently\s+)?(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?`,
  String.raw`^truncate\s+(?:table\s+)?(?:only\s+)?`,
  String.raw`\b(?:insert|merge)\s+into\s+(?:only\s+)?`,
  String.raw`^update\s+(?:only\s+)?`,
  String.raw`\bdelete\s+from\s+(?:only\s+)?`,
  String.raw`\breferences\s+`,
  String.raw`^create\s+(?:unique\s+)?index\b[^(]*\son\s+(?:only\s+)?`,
].map((before) => new RegExp(String.raw`${before}"?(\w+)"?\s*\.`, 'gi'));

/**
 * Returns the reasons for refusing a plugin's SQL. The list is empty when the SQL may be applied. The rules for
 * Fermata's own migrations apply, and every table that the file does not create counts as a table in use. In addition,
 * the file must not write or refer to anything outside the plugin's schema.
 */
export function pluginMigrationFindings(sql: string, schema: string): string[] {
  // A name that is qualified with the plugin's own schema means the same as an unqualified name.
  const own = sql.replaceAll(new RegExp(String.raw`(?<![\w"])(?:${schema}|"${schema}")\s*\.\s*`, 'gi'), '');
  const apart = splitStatements(own).flatMap((text) =>
    apartFindings(text, schema).map((message) => `${text.replace(/\s+/g, ' ').slice(0, 80)}: ${message}`),
  );
  return [...apart, ...lockFindings(own, () => true)];
}

function apartFindings(text: string, schema: string): string[] {
  if (/^(?:begin|start\s+transaction|commit|end|rollback|abort|savepoint|release)\b/i.test(text)) {
    return ['each file runs in one transaction already'];
  }
  if (/^(?:set|reset)\s+(?:(?:session|local)\s+)?(?:search_path|schema|role|session)\b/i.test(text)) {
    return [`the search path and the role are set already: names without a schema mean "${schema}"`];
  }
  if (/^(?:create|alter|drop)\s+schema\b/i.test(text))
    return [`the plugin has one schema, "${schema}", which Fermata creates`];
  const [outside] = QUALIFIED.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));
  if (outside === undefined) return [];
  return [`"${outside}" is outside the plugin's schema "${schema}"; store ids instead of references to other schemas`];
}
