/** What a route may ask for; `public` asks for nothing. */
export const PERMISSIONS = [
  'automation.read',
  'automation.manage',
  'ingest',
  'secrets.use',
  'secrets.manage',
  'admin',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const ROLES = ['viewer', 'author', 'operator', 'ingest', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const GRANTS: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: ['automation.read'],
  // An operator who may not save automations that refer to secrets.
  author: ['automation.read', 'automation.manage', 'ingest'],
  operator: ['automation.read', 'automation.manage', 'ingest', 'secrets.use'],
  ingest: ['ingest'],
  admin: PERMISSIONS,
};

/** Everything that any of the roles allows. Names that are no role allow nothing. */
export function permissionsOf(roles: readonly string[]): ReadonlySet<Permission> {
  return new Set(ROLES.filter((role) => roles.includes(role)).flatMap((role) => GRANTS[role]));
}
