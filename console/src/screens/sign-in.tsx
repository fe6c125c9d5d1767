import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState, type FormEvent } from 'react';
import { signIn } from '../api/session';
import { Problem } from '../ui/page';

/** Returns the page to open after signing in. Only paths of the console are allowed; the default is `/now`. */
function nextOf(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? '';
  return /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in') ? next : '/now';
}

/**
 * A form that signs in with a token. Signs in immediately if the address contains, or later receives, the code of a
 * one-time link.
 */
export function SignIn() {
  const navigate = useNavigate();
  const [token, setToken] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const enter = async (text: string) => {
    setBusy(true);
    setError(undefined);
    try {
      await signIn(text);
      await navigate({ href: nextOf(window.location.search), replace: true });
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  useEffect(() => {
    document.title = 'Sign in · Fermata';
    const redeem = () => {
      const code = new URLSearchParams(window.location.hash.slice(1)).get('code');
      if (code === null) return;
      // The code works only once, so keep it out of the browser history.
      window.history.replaceState(null, '', window.location.pathname);
      void enter(code);
    };
    redeem();
    // A link opened in a tab that already shows this page changes only the hash, and does not load the page again.
    window.addEventListener('hashchange', redeem);
    return () => window.removeEventListener('hashchange', redeem);
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void enter(token);
  };
  return (
    <main className="sign-in">
      <h1>Sign in to Fermata</h1>
      <form onSubmit={submit}>
        <label htmlFor="token">Token</label>
        <input
          id="token"
          type="password"
          autoComplete="current-password"
          value={token}
          onChange={(event) => setToken(event.target.value)}
          required
        />
        <button type="submit" className="primary" disabled={busy || token === ''}>
          {busy ? 'Signing in…' : 'Sign in'}
        </button>
        {error !== undefined && <Problem error={error} />}
        <p className="faint">
          <code>fermata open console</code> prints a link that signs in without a token.
        </p>
      </form>
    </main>
  );
}
