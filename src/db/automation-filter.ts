import { eq, ilike, isNull, or, type SQL } from 'drizzle-orm';
import { automations } from './tables/automations';

/** Which automations a list contains; all of the given conditions hold. */
export interface AutomationFilter {
  /** Empty = those without a group. */
  group?: string | undefined;
  status?: 'enabled' | 'disabled' | undefined;
  /** Part of the name or description, case ignored. */
  q?: string | undefined;
  name?: string | undefined;
  managedBy?: 'api' | 'gitops' | undefined;
}

/** Returns the filter as conditions on `automations`. */
export function matching({ group, status, q, name, managedBy }: AutomationFilter): (SQL | undefined)[] {
  const pattern = `%${(q ?? '').replace(/[\\%_]/g, '\\$&')}%`;
  return [
    group === undefined ? undefined : group === '' ? isNull(automations.group) : eq(automations.group, group),
    status === undefined ? undefined : eq(automations.status, status),
    name === undefined ? undefined : eq(automations.name, name),
    managedBy === undefined ? undefined : eq(automations.managedBy, managedBy),
    q === undefined ? undefined : or(ilike(automations.name, pattern), ilike(automations.description, pattern)),
  ];
}
