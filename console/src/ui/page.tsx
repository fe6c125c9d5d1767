import { CircleAlert, Inbox } from 'lucide-react';
import { useEffect, type ReactNode } from 'react';
import { ApiError } from '../api/client';

/** The frame of a screen: its title, a line below the title, and its actions. */
export function Page({
  title,
  aside,
  sub,
  children,
}: {
  title: string;
  aside?: ReactNode;
  sub?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Fermata`;
  }, [title]);
  return (
    <>
      <header className="page-head">
        <div className="page-title">
          <h1 title={title}>{title}</h1>
          {sub !== undefined && <div className="page-sub">{sub}</div>}
        </div>
        {aside !== undefined && <div className="page-aside">{aside}</div>}
      </header>
      {children}
    </>
  );
}

/** A titled section of a screen. */
export function Panel({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="panel" aria-label={title}>
      <header className="panel-head">
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** Shown when there are no items. The children explain why, or what to do about it. */
export function Empty({ children }: { children: ReactNode }) {
  return (
    <div className="empty">
      <Inbox size={20} aria-hidden />
      <div>{children}</div>
    </div>
  );
}

/** Shows an error, including the findings of the API if there are any. */
export function Problem({ error }: { error: unknown }) {
  const known = error instanceof ApiError ? error : undefined;
  return (
    <div className="problem" role="alert">
      <CircleAlert size={16} aria-hidden />
      <div>
        <div>{error instanceof Error ? error.message : String(error)}</div>
        {known !== undefined && known.findings.length > 0 && (
          <ul>
            {known.findings.map((finding, index) => (
              <li key={index}>
                {finding.path !== '' && <code>{finding.path}</code>} {finding.message}
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}

const isUnreachable = (error: unknown) => error instanceof ApiError && error.isUnreachable;

/** A placeholder for content that is being loaded. */
export function Loading({ rows = 6 }: { rows?: number }) {
  return (
    <div className="loading" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="skeleton" />
      ))}
    </div>
  );
}

/**
 * Shows the data of a query, a placeholder while it loads, or its error. If a later read fails, shows both the error
 * and the data. If the API cannot be reached, shows only the data, because the frame around the screens already shows
 * one notice for all queries.
 */
export function Loaded<T>({
  query,
  title,
  children,
}: {
  query: { data: T | undefined; error: Error | null };
  /** Title of the screen until there is data. Set it if `children` returns the whole screen. */
  title?: string;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined)
    return (
      <>
        {query.error !== null && !isUnreachable(query.error) && <Problem error={query.error} />}
        {children(query.data)}
      </>
    );
  const rest = query.error === null ? <Loading /> : <Problem error={query.error} />;
  return title === undefined ? rest : <Page title={title}>{rest}</Page>;
}
