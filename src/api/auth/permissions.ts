/** Permissions of routes. `public` means that no permission is needed. */
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
  // Like an operator, but must not save automations that refer to secrets.
  author: ['automation.read', 'automation.manage', 'ingest'],
  operator: ['automation.read', 'automation.manage', 'ingest', 'secrets.use'],
  ingest: ['ingest'],
  admin: PERMISSIONS,
};

/** Returns the roles that have a permission. */
export function rolesWith(permission: Permission): Role[] {
  return ROLES.filter((role) => GRANTS[role].includes(permission));
}

/** Returns the combined permissions of the given roles. Unknown roles have no permissions. */
export function permissionsOf(roles: readonly string[]): ReadonlySet<Permission> {
  return new Set(ROLES.filter((role) => roles.includes(role)).flatMap((role) => GRANTS[role]));
}
