import { z } from 'zod';
import { integer } from '../../../setting-schemas';
import { ROLES, type Role } from '../permissions';

/** Path of the console's page to which the provider redirects the browser. */
const CALLBACK_PATH = '/console/sign-in/callback';

/** Settings of the sign-in with an OpenID Connect provider. */
export interface OidcSettings {
  /** Issuer, exactly as the provider states it in its discovery document and ID tokens. */
  issuer: string;
  clientId: string;
  /** Undefined = a public client, which only PKCE protects. */
  clientSecret: string | undefined;
  /** Space-separated scopes. They contain `openid`. */
  scopes: string;
  /** Name of the claim with the user's groups, or a path of names separated by dots. */
  groupsClaim: string;
  /** Roles by group. `*` stands for every user of the provider. */
  roles: ReadonlyMap<string, readonly Role[]>;
  /** What the button on the sign-in page names. */
  name: string;
  /** A session ends this many milliseconds after the provider last confirmed the user. */
  sessionMs: number;
  /** Address to which the provider redirects the browser. */
  redirectUri: string;
}

/**
 * The issuer of an OpenID Connect provider. It must use https, except on the machine of the process. A trailing slash
 * is kept, because it is part of the issuer (OpenID Connect Discovery 1.0, 4.3).
 */
const Issuer = z.string().superRefine((text, context) => {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    context.addIssue('must be the https URL of the issuer, e.g. https://login.example.com/realms/ops');
    return;
  }
  const url = new URL(text);
  if (url.protocol === 'http:' && !isLoopback(url)) {
    context.addIssue('must use https; http is accepted only for localhost, 127.0.0.1 and [::1]');
  }
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    context.addIssue('must have no user, query or fragment');
  }
  if (url.pathname.includes('/.well-known/')) {
    context.addIssue('must be the issuer, without /.well-known/openid-configuration');
  }
});

/** Returns whether a URL addresses the machine of this process. */
export const isLoopback = (url: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);

/**
 * Parses rules of the form `sre=operator,platform-admins=admin,*=viewer`. A group that is named twice has both roles.
 * The text after the last `=` is the role.
 */
const RoleRules = z.string().transform((text, context): ReadonlyMap<string, readonly Role[]> => {
  const rules = new Map<string, Role[]>();
  for (const rule of text.split(',').map((part) => part.trim())) {
    if (rule === '') continue;
    const at = rule.lastIndexOf('=');
    const group = rule.slice(0, Math.max(at, 0)).trim();
    const role = ROLES.find((each) => each === rule.slice(at + 1).trim());
    if (group === '' || role === undefined) {
      context.addIssue(
        `must be rules such as "sre=operator,*=viewer" with the roles ${ROLES.join(', ')}; "${rule}" is not a rule`,
      );
      continue;
    }
    rules.set(group, [...(rules.get(group) ?? []), role]);
  }
  if (rules.size === 0) context.addIssue('must contain at least one rule');
  return rules;
});

const isPlain = (text: string) => /^[\x21-\x7e]+$/.test(text);

/** Environment variables of the sign-in with OpenID Connect. */
export const OIDC_SETTINGS = {
  FERMATA_OIDC_ISSUER: Issuer.optional(),
  FERMATA_OIDC_CLIENT_ID: z.string().refine(isPlain, 'must be printable ASCII without spaces').optional(),
  FERMATA_OIDC_CLIENT_SECRET: z.string().optional(),
  FERMATA_OIDC_SCOPES: z
    .string()
    .refine((text) => text.split(/\s+/).includes('openid'), 'must contain openid; scopes are separated by spaces')
    .transform((text) => text.split(/\s+/).join(' '))
    .prefault('openid profile email'),
  FERMATA_OIDC_GROUPS_CLAIM: z.string().default('groups'),
  FERMATA_OIDC_ROLES: RoleRules.optional(),
  FERMATA_OIDC_NAME: z.string().max(60, 'must have at most 60 characters').default('single sign-on'),
  FERMATA_OIDC_SESSION_MINUTES: integer(5, 720).prefault('60'),
};

type Parsed = z.output<z.ZodObject<typeof OIDC_SETTINGS>>;
const REQUIRED = ['FERMATA_OIDC_ISSUER', 'FERMATA_OIDC_CLIENT_ID', 'FERMATA_OIDC_ROLES'] as const;
const ANY = [...REQUIRED, 'FERMATA_OIDC_CLIENT_SECRET'] as const;

/**
 * Returns the settings of the sign-in with OpenID Connect, or undefined if none is set. Adds a line to `wrong` for each
 * setting that is missing.
 */
export function oidcSettings(
  env: Parsed & { FERMATA_PUBLIC_URL?: string | undefined },
  wrong: string[],
): OidcSettings | undefined {
  const first = ANY.find((name) => env[name] !== undefined);
  if (first === undefined) return undefined;
  for (const name of [...REQUIRED, 'FERMATA_PUBLIC_URL'] as const) {
    if (env[name] === undefined) wrong.push(`${name} is not set, and sign-in with OpenID Connect (${first}) needs it`);
  }
  const { FERMATA_OIDC_ISSUER: issuer, FERMATA_OIDC_CLIENT_ID: clientId, FERMATA_OIDC_ROLES: roles } = env;
  if (issuer === undefined || clientId === undefined || roles === undefined || env.FERMATA_PUBLIC_URL === undefined) {
    return undefined;
  }
  return {
    ...{ issuer, clientId, roles },
    clientSecret: env.FERMATA_OIDC_CLIENT_SECRET,
    scopes: env.FERMATA_OIDC_SCOPES,
    groupsClaim: env.FERMATA_OIDC_GROUPS_CLAIM,
    name: env.FERMATA_OIDC_NAME,
    sessionMs: env.FERMATA_OIDC_SESSION_MINUTES * 60_000,
    redirectUri: `${env.FERMATA_PUBLIC_URL}${CALLBACK_PATH}`,
  };
}
