const KEY = 'fermata.sign-in.next';
const DEFAULT = '/now';

/** Returns the page to open after signing in. Only paths of the console are allowed; the default is `/now`. */
export function nextOf(next: string | null): string {
  if (next === null || !next.startsWith('/') || !URL.canParse(next, window.location.origin)) return DEFAULT;
  const { origin, pathname, search, hash } = new URL(next, window.location.origin);
  if (origin !== window.location.origin || pathname.startsWith('/sign-in') || pathname.startsWith('//')) return DEFAULT;
  return `${pathname}${search}${hash}`;
}

/** Keeps the page to open in this tab while the browser is at the identity provider. */
export function keepNext(next: string): void {
  window.sessionStorage.setItem(KEY, next);
}

/** Returns the page that `keepNext` kept. */
export function keptNext(): string {
  return nextOf(window.sessionStorage.getItem(KEY));
}

/** Forgets the page that `keepNext` kept. */
export function forgetNext(): void {
  window.sessionStorage.removeItem(KEY);
}
