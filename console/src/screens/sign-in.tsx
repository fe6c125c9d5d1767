import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState, type FormEvent } from 'react';
import { oidcQuery, signIn, startOidc } from '../api/session';
import { Problem } from '../ui/page';
import { keepNext, nextOf } from './sign-in-next';

const nextPage = () => nextOf(new URLSearchParams(window.location.search).get('next'));

/** Signs in with OpenID Connect, if it is configured, with a token, or with the code of a one-time link. */
export function SignIn() {
  const navigate = useNavigate();
  const [token, setToken] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const { data: oidc, isPending } = useQuery(oidcQuery);
  const enter = async (text: string) => {
    setBusy(true);
    setError(undefined);
    try {
      await signIn(text);
      await navigate({ href: nextPage(), replace: true });
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  useLinkCode((code) => void enter(code));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void enter(token);
  };
  // The button for OpenID Connect is above the form, so the form would move when the button appears.
  if (isPending) return <main className="sign-in" aria-busy="true" />;
  return (
    <main className="sign-in">
      <h1>Sign in to Fermata</h1>
      {oidc?.enabled === true && <ToProvider name={oidc.name ?? ''} onError={setError} />}
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
        <button type="submit" className={oidc?.enabled === true ? '' : 'primary'} disabled={busy || token === ''}>
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

/** Calls `redeem` with the code of a one-time link if the address contains it, or later receives it. */
function useLinkCode(redeem: (code: string) => void): void {
  useEffect(() => {
    document.title = 'Sign in · Fermata';
    const read = () => {
      const code = new URLSearchParams(window.location.hash.slice(1)).get('code');
      if (code === null) return;
      // The code works only once, so keep it out of the browser history.
      window.history.replaceState(null, '', window.location.pathname);
      redeem(code);
    };
    read();
    // A link opened in a tab that already shows this page changes only the hash, and does not load the page again.
    window.addEventListener('hashchange', read);
    return () => window.removeEventListener('hashchange', read);
  }, []);
}

/** The button that opens the identity provider. */
function ToProvider({ name, onError }: { name: string; onError: (error: unknown) => void }) {
  const [busy, setBusy] = useState(false);
  const open = async () => {
    setBusy(true);
    onError(undefined);
    try {
      const url = await startOidc();
      keepNext(nextPage());
      window.location.assign(url);
    } catch (failure) {
      onError(failure);
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" className="primary" disabled={busy} onClick={() => void open()}>
        Sign in with {name}
      </button>
      <p className="separator faint">or with a token</p>
    </>
  );
}
