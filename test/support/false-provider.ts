import { createHmac, createPublicKey, generateKeyPairSync, sign, type JsonWebKey, type KeyObject } from 'node:crypto';
import { startVendorServer, type VendorAnswer } from './vendor-server';

type Json = Record<string, unknown>;

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What a false provider answers. Tests change it. */
interface Behaviour {
  /** Changes the discovery document. */
  discovery(document: Json): Json;
  /** Changes the claims of the ID token. */
  claims(claims: Json): Json;
  /** Returns the ID token for its claims. */
  idToken(claims: Json): string;
  /** Replaces the answer of the token endpoint. */
  token(answer: VendorAnswer): VendorAnswer;
  /** Replaces every answer. */
  any?: (() => VendorAnswer) | undefined;
}

/** A provider that issues whatever a test wants, for tokens that a correct provider never issues. */
export interface FalseProvider {
  issuer: string;
  behaviour: Behaviour;
  /** Restores the correct behaviour. */
  reset(): void;
  /** The nonce of the sign-in that is in progress. */
  nonce: string;
  /** Paths of the requests so far. */
  paths(): string[];
  /** Signs claims with the provider's key, or with another key. */
  sign(claims: Json, header?: Json, key?: KeyObject): string;
  /** Signs claims with HMAC. */
  signHs256(claims: Json, secret: string): string;
  /** The provider's public key in PEM format. */
  publicKey: string;
  close(): void;
}

/** Starts a false provider for the client `console`. */
export async function startFalseProvider(): Promise<FalseProvider> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk: JsonWebKey = { ...publicKey.export({ format: 'jwk' }), kid: 'first', use: 'sig', alg: 'RS256' };
  const signed = (claims: Json, header: Json = {}, key = privateKey) => {
    const text = `${part({ alg: 'RS256', kid: 'first', ...header })}.${part(claims)}`;
    return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
  };
  const correct = (): Behaviour => ({
    discovery: (document) => document,
    claims: (claims) => claims,
    idToken: (claims) => signed(claims),
    token: (answer) => answer,
  });
  const answerTo = (path: string): VendorAnswer => {
    if (provider.behaviour.any !== undefined) return provider.behaviour.any();
    const { issuer, behaviour } = provider;
    if (path === '/.well-known/openid-configuration') {
      const endpoints = Object.fromEntries(
        ['authorization_endpoint', 'token_endpoint', 'jwks_uri'].map((name) => [name, `${issuer}/${name}`]),
      );
      return { status: 200, body: behaviour.discovery({ issuer, ...endpoints }) };
    }
    if (path === '/jwks_uri') return { status: 200, body: { keys: [jwk] } };
    if (path !== '/token_endpoint') return { status: 404, body: {} };
    const now = Math.floor(Date.now() / 1000);
    const claims = behaviour.claims({
      ...{ iss: issuer, sub: 'ada', aud: 'console', iat: now, exp: now + 300, nonce: provider.nonce },
      ...{ preferred_username: 'ada', groups: ['sre'] },
    });
    const body = { access_token: 'an-access-token', token_type: 'Bearer', id_token: behaviour.idToken(claims) };
    return behaviour.token({ status: 200, body });
  };
  const server = await startVendorServer(({ path }) => answerTo(path.split('?', 1)[0] ?? ''));
  const provider: FalseProvider = {
    issuer: server.url,
    behaviour: correct(),
    reset: () => (provider.behaviour = correct()),
    nonce: '',
    paths: () => server.requests.map(({ path }) => path),
    sign: signed,
    signHs256(claims, secret) {
      const text = `${part({ alg: 'HS256' })}.${part(claims)}`;
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    },
    publicKey: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
    close: () => void server.close(),
  };
  return provider;
}
