import { FermataError } from '../../../domain/errors';
import { ROLES, type Role } from '../permissions';
import type { OidcSettings } from './settings';

/** Claims about a user, from the ID token and the UserInfo endpoint. */
export type Claims = Readonly<Record<string, unknown>>;

const MAX_NAME = 200;

/** Returns the value of the groups claim, or undefined if there is none. A name that contains dots may be a path. */
function groupsClaimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/**
 * Returns the groups of a user. A string is one group. A missing claim means that the user is in no group.
 * @throws {FermataError} forbidden when the claim has another type
 */
function groupsOf(claims: Claims, name: string): readonly string[] {
  const value = groupsClaimOf(claims, name) ?? [];
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((each): each is string => typeof each === 'string')) return value;
  throw new FermataError(
    'forbidden',
    `The claim "${name}" (FERMATA_OIDC_GROUPS_CLAIM) of the identity provider is not a list of strings.`,
  );
}

/**
 * Returns the roles of a user: those of all groups of the user, and those of `*`.
 * @throws {FermataError} forbidden when the groups claim has the wrong type
 */
export function rolesOf(claims: Claims, { groupsClaim, roles }: Pick<OidcSettings, 'groupsClaim' | 'roles'>): Role[] {
  const granted = new Set(['*', ...groupsOf(claims, groupsClaim)].flatMap((group) => roles.get(group) ?? []));
  return ROLES.filter((role) => granted.has(role));
}

/** Returns whether the claims include the groups. */
export const hasGroups = (claims: Claims, name: string): boolean => groupsClaimOf(claims, name) !== undefined;

/** Returns the user's name for display. It does not identify the user, because users may be able to change it. */
export function nameOf(claims: Claims): string | undefined {
  for (const name of ['preferred_username', 'email', 'name']) {
    const value = claims[name];
    if (typeof value !== 'string') continue;
    const text = value.replace(/\p{C}/gu, '').trim();
    if (text !== '') return [...text].slice(0, MAX_NAME).join('');
  }
  return undefined;
}
