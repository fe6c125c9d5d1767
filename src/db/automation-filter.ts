import { eq, ilike, isNull, or, sql, type SQL } from 'drizzle-orm';
import { automations, automationVersions } from './tables/automations';

/** Filter for automations. An automation must meet all given conditions. */
export interface AutomationFilter {
  /** Empty = automations without a group. */
  group?: string | undefined;
  status?: 'enabled' | 'disabled' | undefined;
  /** Case-insensitive substring of the name or description. */
  q?: string | undefined;
  name?: string | undefined;
  managedBy?: 'api' | 'gitops' | undefined;
  /** Only automations whose current version refers to this resource. */
  uses?: UsedResource | undefined;
}

/**
 * A resource that documents refer to. For a connection, `names` contains both its id and its name, since documents may
 * use either.
 */
export interface UsedResource {
  kind: 'connection' | 'hook' | 'package' | 'script';
  names: readonly string[];
}

/**
 * JSON paths at which documents refer to each kind of resource. The path for `script` matches a step that runs any
 * script.
 */
const PLACES: Readonly<Record<UsedResource['kind'], string>> = {
  connection: '$.**.config ? (@.connectionId == $names[*] || @.channel == $names[*])',
  hook: '$.**.config.hook ? (@ == $names[*])',
  package: '$.**.config.packages.** ? (@ == $names[*])',
  script: '$.**.action ? (@ starts with "integration-script.")',
};

function usesOf({ kind, names }: UsedResource): SQL {
  const variables = JSON.stringify({ names });
  return sql`jsonb_path_exists(${automationVersions.definition}, ${PLACES[kind]}::jsonpath, ${variables}::jsonb)`;
}

/** Converts the filter to SQL conditions on `automations`. Parts that are not given become undefined. */
export function filterConditions({ group, status, q, name, managedBy, uses }: AutomationFilter): (SQL | undefined)[] {
  const pattern = `%${(q ?? '').replace(/[\\%_]/g, '\\$&')}%`;
  return [
    group === undefined ? undefined : group === '' ? isNull(automations.group) : eq(automations.group, group),
    status === undefined ? undefined : eq(automations.status, status),
    name === undefined ? undefined : eq(automations.name, name),
    managedBy === undefined ? undefined : eq(automations.managedBy, managedBy),
    uses === undefined ? undefined : usesOf(uses),
    q === undefined ? undefined : or(ilike(automations.name, pattern), ilike(automations.description, pattern)),
  ];
}
