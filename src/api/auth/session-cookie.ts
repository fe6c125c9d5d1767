import { sha256 } from '../../domain/sha256';

/** Cookie that carries a session of the console. */
export const SESSION_COOKIE = 'fermata_session';
/** Lifetime of a session. */
export const SESSION_MS = 12 * 3_600_000;

/** Returns the session's secret from a Cookie header; undefined when it has none. The first cookie is used. */
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
 * Returns the token that proves that a call comes from the console. It is derived from the cookie, which scripts cannot
 * read.
 */
export function csrfTokenOf(secret: string): string {
  return sha256(`csrf:${secret}`, 'base64url');
}

/** `Set-Cookie` of a new session. `secure` = the browser sends it over HTTPS only. */
export function sessionCookie(secret: string, secure: boolean): string {
  return cookie(secret, SESSION_MS / 1000, secure);
}

/** `Set-Cookie` that removes the session. */
export function endedSessionCookie(secure: boolean): string {
  return cookie('', 0, secure);
}

function cookie(value: string, maxAgeSeconds: number, secure: boolean): string {
  const attributes = [`Max-Age=${maxAgeSeconds}`, 'Path=/', 'HttpOnly', 'SameSite=Strict'];
  return [`${SESSION_COOKIE}=${value}`, ...attributes, ...(secure ? ['Secure'] : [])].join('; ');
}
