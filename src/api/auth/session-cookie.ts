import { sha256 } from '../../domain/sha256';

/** Name of the console session cookie. */
export const SESSION_COOKIE = 'fermata_session';
/** Lifetime of a session in milliseconds. */
export const SESSION_MS = 12 * 3_600_000;

/**
 * Returns the session secret from a Cookie header, or undefined if there is none or it is malformed. If the header
 * repeats the cookie, only the first is read.
 */
export function sessionCookieOf(header: string | undefined): string | undefined {
  return cookieOf(header, SESSION_COOKIE, 200);
}

/** Returns a cookie from a Cookie header, or undefined if there is none, or if it is malformed or too long. */
export function cookieOf(header: string | undefined, name: string, maxLength: number): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at < 0 || part.slice(0, at).trim() !== name) continue;
    const value = part.slice(at + 1).trim();
    return value.length <= maxLength && /^[\x21-\x7e]+$/.test(value) ? value : undefined;
  }
  return undefined;
}

/**
 * Returns the CSRF token, which proves that a request comes from the console. It is derived from the cookie, which
 * scripts cannot read.
 */
export function csrfTokenOf(secret: string): string {
  return sha256(`csrf:${secret}`, 'base64url');
}

/**
 * Returns the `Set-Cookie` header for a new session that lasts `lifetimeMs`. With `secure`, the browser sends the cookie
 * only over HTTPS.
 */
export function sessionCookie(secret: string, lifetimeMs: number, secure: boolean): string {
  const maxAgeSeconds = Math.ceil(lifetimeMs / 1000);
  return setCookie({ name: SESSION_COOKIE, value: secret, path: '/', maxAgeSeconds, secure });
}

/** Returns the `Set-Cookie` header that removes the session cookie. */
export function endedSessionCookie(secure: boolean): string {
  return setCookie({ name: SESSION_COOKIE, value: '', path: '/', maxAgeSeconds: 0, secure });
}

/** Returns a `Set-Cookie` header for a cookie that scripts cannot read and that other sites cannot send. */
export function setCookie(cookie: {
  name: string;
  value: string;
  path: string;
  maxAgeSeconds: number;
  secure: boolean;
}): string {
  const { name, value, path, maxAgeSeconds, secure } = cookie;
  const attributes = [`Max-Age=${maxAgeSeconds}`, `Path=${path}`, 'HttpOnly', 'SameSite=Strict'];
  return [`${name}=${value}`, ...attributes, ...(secure ? ['Secure'] : [])].join('; ');
}
