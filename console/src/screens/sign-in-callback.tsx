import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { finishOidc } from '../api/session';
import { Problem } from '../ui/page';
import { forgetNext, keptNext } from './sign-in-next';

/** The page to which the identity provider redirects. Finishes the sign-in, or shows why it failed. */
export function SignInCallback() {
  const navigate = useNavigate();
  const [error, setError] = useState<unknown>();
  const tried = useRef(false);
  useEffect(() => {
    document.title = 'Sign in · Fermata';
    if (tried.current) return;
    tried.current = true;
    const query = window.location.search;
    // The code works only once, so keep it out of the address bar and the browser history.
    window.history.replaceState(null, '', window.location.pathname);
    const next = keptNext();
    finishOidc(query)
      .then(() => {
        forgetNext();
        return navigate({ href: next, replace: true });
      })
      .catch(setError);
  });
  return (
    <main className="sign-in">
      <h1>Sign in to Fermata</h1>
      {error === undefined ? (
        <p role="status">Signing in…</p>
      ) : (
        <>
          <Problem error={error} />
          <p>
            <Link to={'/sign-in' as never} search={{ next: keptNext() } as never}>
              Back to the sign-in page
            </Link>
          </p>
        </>
      )}
    </main>
  );
}
