import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Cipher } from '../../../domain/secrets/cipher';
import { cookieOf, setCookie } from '../session-cookie';

/** Name of the cookie that binds a sign-in to the browser in which it was started. */
const FLOW_COOKIE = 'fermata_sign_in';
const FLOW_PATH = '/api/v1/session';
/** Time in milliseconds within which a user must sign in at the provider. */
const FLOW_MS = 10 * 60_000;
const SEALED_FOR = 'OpenID Connect sign-in';

const Sealed = z.object({ keyId: z.string(), nonce: z.string(), ciphertext: z.string() });
const Flow = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), expiresAt: z.number() });

/** A sign-in that a browser has started. The browser keeps it in a sealed cookie, so any API process can finish it. */
export type Flow = z.infer<typeof Flow>;

const random = () => randomBytes(32).toString('base64url');

/** Starts a sign-in that ends ten minutes after `now`. */
export function createFlow(now: Date): Flow {
  return { state: random(), nonce: random(), verifier: random(), expiresAt: now.getTime() + FLOW_MS };
}

/** Returns the `Set-Cookie` header that binds a sign-in to the browser. */
export function flowCookie(flow: Flow, cipher: Cipher, secure: boolean): string {
  const sealed = Buffer.from(JSON.stringify(cipher.seal(SEALED_FOR, JSON.stringify(flow)))).toString('base64url');
  return setCookie({ name: FLOW_COOKIE, value: sealed, path: FLOW_PATH, maxAgeSeconds: FLOW_MS / 1000, secure });
}

/** Returns the `Set-Cookie` header that removes the cookie of a finished sign-in. */
export function endedFlowCookie(secure: boolean): string {
  return setCookie({ name: FLOW_COOKIE, value: '', path: FLOW_PATH, maxAgeSeconds: 0, secure });
}

/**
 * Returns the sign-in that the browser has started. Returns undefined if the cookie is missing, was not sealed by this
 * installation, or is older than ten minutes.
 */
export function flowOf(header: string | undefined, cipher: Cipher, now: Date): Flow | undefined {
  const text = cookieOf(header, FLOW_COOKIE, 2_000);
  if (text === undefined) return undefined;
  try {
    const sealed = Sealed.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    const flow = Flow.parse(JSON.parse(cipher.open(SEALED_FOR, sealed)));
    return flow.expiresAt > now.getTime() ? flow : undefined;
  } catch {
    return undefined;
  }
}
