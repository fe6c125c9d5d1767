import * as client from 'openid-client';
import type { Clock } from '../../../domain/clock';
import { FermataError, messageOf } from '../../../domain/errors';
import { sha256 } from '../../../domain/sha256';
import type { Egress } from '../../../edges/egress/egress';
import type { Logger } from '../../../log';
import type { Role } from '../permissions';
import { hasGroups, nameOf, rolesOf, type Claims } from './claims';
import { createEgressFetch } from './egress-fetch';
import { createProviderEgress, type EgressRules } from './provider-egress';
import { isRevoked, signInFailure, unavailable } from './failure';
import type { Flow } from './flow';
import type { OidcSettings } from './settings';

/** Time in milliseconds after which the discovery document is read again. */
const DISCOVERY_MS = 3_600_000;
/** Tolerated difference in seconds between the clocks of the provider and of this process. */
const TOLERANCE_SECONDS = 30;
/** Timeout in seconds of one request. The egress guard has a shorter one. */
const TIMEOUT_SECONDS = 10;
/** Accepted signatures of ID tokens. All are asymmetric: a client secret must not be able to sign an ID token. */
const ALGORITHMS: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** Members of the discovery document that a sign-in needs. */
const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const;
/** A subject identifier: at most 255 ASCII characters (OpenID Connect Core 1.0, 2). */
const SUBJECT = /^[\x20-\x7e]{1,255}$/;

/** A user whom the provider has authenticated. */
export interface Identity {
  /** Issuer and subject, `https://login.example.com#248289761001`. Neither name nor email identifies a user. */
  id: string;
  /** Name for display. */
  name: string;
  /** Roles of the user's groups. Empty = the user may not sign in. */
  roles: Role[];
  /** Undefined if the provider issued none. */
  refreshToken: string | undefined;
}

/** An OpenID Connect provider. */
export interface OidcProvider {
  settings: OidcSettings;
  /** Identifies the settings on which the rights of a session depend. Sessions end when it changes. */
  fingerprint: string;
  /**
   * Returns the address at which the user signs in.
   * @throws {FermataError} sign_in_unavailable
   */
  authorizationUrl(flow: Flow): Promise<string>;
  /**
   * Exchanges the provider's response, the query of the redirect, for the user's identity.
   * @throws {FermataError} unauthorized, forbidden or sign_in_unavailable
   */
  exchange(response: URLSearchParams, flow: Flow): Promise<Identity>;
  /**
   * Reads the identity of a user again. Returns undefined if the provider has revoked the refresh token.
   * @throws {FermataError} unauthorized, forbidden or sign_in_unavailable
   */
  refresh(refreshToken: string): Promise<Identity | undefined>;
  /** Closes the connections to the provider. */
  close(): Promise<void>;
}

interface ProviderDeps extends EgressRules {
  settings: OidcSettings;
  clock: Clock;
  log: Logger;
}

/** Creates the client of a provider. The provider is contacted when it is first needed. */
export function createOidcProvider({ settings, clock, log, ...rules }: ProviderDeps): OidcProvider {
  const egress = createProviderEgress(settings.issuer, rules);
  const discovered = createDiscovery(settings, egress);
  const attempt = async <T>(what: string, work: (config: client.Configuration) => Promise<T> | T): Promise<T> => {
    try {
      return await work(await discovered());
    } catch (error) {
      const refusal = signInFailure(error);
      log.warn({ issuer: settings.issuer, reason: messageOf(refusal) }, what);
      throw refusal;
    }
  };
  const identityOf = async (config: client.Configuration, tokens: Tokens): Promise<Identity> => {
    const idToken = tokens.claims();
    if (idToken !== undefined) assertOurs(idToken, settings.clientId, clock.now());
    const claims = await withUserInfo(config, settings, tokens, idToken);
    const subject = String(claims['sub']);
    if (!SUBJECT.test(subject)) throw invalid('the subject is not 1 to 255 ASCII characters');
    return {
      id: `${settings.issuer}#${subject}`,
      name: nameOf(claims) ?? subject,
      roles: rolesOf(claims, settings),
      refreshToken: tokens.refresh_token,
    };
  };

  return {
    settings,
    fingerprint: fingerprintOf(settings),
    close: () => egress.close(),
    authorizationUrl: (flow) =>
      attempt('a sign-in could not be started', async (config) => {
        const url = client.buildAuthorizationUrl(config, {
          redirect_uri: new URL(settings.redirectUri).href,
          scope: settings.scopes,
          state: flow.state,
          nonce: flow.nonce,
          code_challenge: await client.calculatePKCECodeChallenge(flow.verifier),
          code_challenge_method: 'S256',
        });
        return url.href;
      }),
    exchange: (response, flow) =>
      attempt('a sign-in failed', async (config) => {
        const url = new URL(settings.redirectUri);
        url.search = response.toString();
        const checks = { expectedState: flow.state, expectedNonce: flow.nonce, pkceCodeVerifier: flow.verifier };
        return identityOf(config, await client.authorizationCodeGrant(config, url, checks));
      }),
    refresh: (refreshToken) =>
      attempt('a session could not be confirmed', async (config) => {
        try {
          return await identityOf(config, await client.refreshTokenGrant(config, refreshToken));
        } catch (error) {
          if (isRevoked(error)) return undefined;
          throw error;
        }
      }),
  };
}

type Tokens = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers;

/** Returns the function that reads the discovery document, at most once an hour. Errors are not kept. */
function createDiscovery(settings: OidcSettings, egress: Egress): () => Promise<client.Configuration> {
  let current: { readAt: number; configuration: Promise<client.Configuration> } | undefined;
  return () => {
    const now = performance.now();
    if (current === undefined || now - current.readAt > DISCOVERY_MS) {
      const configuration = discover(settings, egress);
      const mine = { readAt: now, configuration };
      current = mine;
      configuration.catch(() => {
        if (current === mine) current = undefined;
      });
    }
    return current.configuration;
  };
}

/**
 * Reads the discovery document, and checks that it is that of the configured issuer.
 * @throws {FermataError} sign_in_unavailable
 */
async function discover(settings: OidcSettings, egress: Egress): Promise<client.Configuration> {
  const issuer = new URL(settings.issuer);
  const fetch = createEgressFetch(egress, issuer);
  const allowHttp = issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [];
  try {
    const { clientId, clientSecret } = settings;
    const found = await client.discovery(issuer, clientId, undefined, undefined, {
      ...{ [client.customFetch]: fetch, timeout: TIMEOUT_SECONDS, execute: allowHttp },
    });
    const { supportsPKCE: _, ...metadata } = found.serverMetadata();
    if (metadata.issuer.replace(/\/$/, '') !== settings.issuer.replace(/\/$/, '')) {
      throw unavailable(`its discovery document is that of another issuer, ${metadata.issuer}.`);
    }
    const absent = ENDPOINTS.filter((name) => metadata[name] === undefined);
    if (absent.length > 0) throw unavailable(`its discovery document has no ${absent.join(', ')}.`);
    const offered = metadata.id_token_signing_alg_values_supported ?? ['RS256'];
    const accepted = offered.filter((algorithm) => ALGORITHMS.includes(algorithm));
    if (accepted.length === 0) throw unavailable(`it signs ID tokens only with ${offered.join(', ')}.`);
    const server = { ...metadata, id_token_signing_alg_values_supported: accepted };
    const own = { [client.clockTolerance]: TOLERANCE_SECONDS };
    const authentication = authenticationOf(clientSecret, metadata.token_endpoint_auth_methods_supported);
    const configuration = new client.Configuration(server, clientId, own, authentication);
    configuration[client.customFetch] = fetch;
    configuration.timeout = TIMEOUT_SECONDS;
    client.enableNonRepudiationChecks(configuration);
    for (const allow of allowHttp) allow(configuration);
    return configuration;
  } catch (error) {
    const refusal = signInFailure(error);
    throw refusal instanceof FermataError && refusal.code === 'sign_in_unavailable'
      ? refusal
      : unavailable(`its discovery document cannot be used (${messageOf(refusal)}).`);
  }
}

/** Returns how the client authenticates. `client_secret_basic` is the default of providers (Discovery 1.0, 3). */
function authenticationOf(secret: string | undefined, methods: readonly string[] | undefined): client.ClientAuth {
  if (secret === undefined) return client.None();
  const usesPost = methods?.includes('client_secret_post') === true && !methods.includes('client_secret_basic');
  return usesPost ? client.ClientSecretPost(secret) : client.ClientSecretBasic(secret);
}

/**
 * Checks what `openid-client` does not check: the time of issue, and an authorized party beside a single audience.
 * @throws {FermataError} unauthorized
 */
function assertOurs({ azp, iat }: client.IDToken, clientId: string, now: Date): void {
  if (azp !== undefined && azp !== clientId) throw invalid('the ID token was issued to another client (azp)');
  if (iat * 1000 > now.getTime() + TOLERANCE_SECONDS * 1000) throw invalid('the ID token was issued in the future');
}

/**
 * Returns the claims of the ID token, and those of the UserInfo endpoint if the ID token lacks groups or name. Claims of
 * the ID token take precedence.
 */
async function withUserInfo(
  config: client.Configuration,
  { groupsClaim }: OidcSettings,
  tokens: Tokens,
  idToken: client.IDToken | undefined,
): Promise<Claims> {
  const isComplete = idToken !== undefined && hasGroups(idToken, groupsClaim) && nameOf(idToken) !== undefined;
  if (isComplete || config.serverMetadata().userinfo_endpoint === undefined) {
    if (idToken === undefined) throw invalid('there is no ID token');
    return idToken;
  }
  const expected = idToken?.sub ?? client.skipSubjectCheck;
  return { ...(await client.fetchUserInfo(config, tokens.access_token, expected)), ...idToken };
}

function fingerprintOf({ issuer, clientId, groupsClaim, roles }: OidcSettings): string {
  return sha256(JSON.stringify([issuer, clientId, groupsClaim, [...roles]]));
}

const invalid = (reason: string) =>
  new FermataError('unauthorized', `The answer of the identity provider is not valid: ${reason}.`);
