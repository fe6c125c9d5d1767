/** What a route may ask for; `public` asks for nothing. */
export const PERMISSIONS = ['automation.read', 'automation.manage', 'ingest', 'secrets.manage', 'admin'] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const ROLES = ['viewer', 'operator', 'ingest', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const GRANTS: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: ['automation.read'],
  operator: ['automation.read', 'automation.manage', 'ingest'],
  ingest: ['ingest'],
  admin: PERMISSIONS,
};

/** Everything that any of the roles allows. Names that are no role allow nothing. */
export function permissionsOf(roles: readonly string[]): ReadonlySet<Permission> {
  return new Set(ROLES.filter((role) => roles.includes(role)).flatMap((role) => GRANTS[role]));
}
