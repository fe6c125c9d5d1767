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
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at < 0 || part.slice(0, at).trim() !== SESSION_COOKIE) continue;
    const value = part.slice(at + 1).trim();
    return /^[\x21-\x7e]{1,200}$/.test(value) ? value : undefined;
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

/** Returns the `Set-Cookie` header for a new session. With `secure`, the browser sends the cookie only over HTTPS. */
export function sessionCookie(secret: string, secure: boolean): string {
  return cookie(secret, SESSION_MS / 1000, secure);
}

/** Returns the `Set-Cookie` header that removes the session cookie. */
export function endedSessionCookie(secure: boolean): string {
  return cookie('', 0, secure);
}

function cookie(value: string, maxAgeSeconds: number, secure: boolean): string {
  const attributes = [`Max-Age=${maxAgeSeconds}`, 'Path=/', 'HttpOnly', 'SameSite=Strict'];
  return [`${SESSION_COOKIE}=${value}`, ...attributes, ...(secure ? ['Secure'] : [])].join('; ');
}
