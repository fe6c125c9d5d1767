import { Link } from '@tanstack/react-router';
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

/**
 * Shows an error, including the findings of the API if there are any. `title` says what failed. Without it, the message
 * of the error is the title. The message is left out if it only repeats the findings.
 */
export function Problem({ error, title }: { error: unknown; title?: string }) {
  const findings = error instanceof ApiError ? error.findings : [];
  const message = error instanceof Error ? error.message : String(error);
  const isList = findings.length > 1 || (findings.length === 1 && title !== undefined);
  return (
    <div className="problem" role="alert">
      <CircleAlert size={16} aria-hidden />
      <div>
        {title !== undefined && <strong>{title}</strong>}
        {isList ? <Findings of={findings} /> : <div>{message}</div>}
      </div>
    </div>
  );
}

function Findings({ of: findings }: { of: ApiError['findings'] }) {
  return (
    <ul>
      {findings.map(({ path, message, line }, index) => (
        <li key={index}>
          {path !== '' && <code>{path}</code>} {message}
          {line !== undefined && ` (line ${line})`}
        </li>
      ))}
    </ul>
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

type ListLink = readonly [path: string, name: string];

/**
 * Shows the data of a query, a placeholder while it loads, or its error. If a later read fails, shows both the error
 * and the data. If the API cannot be reached, shows only the data, because the frame around the screens already shows
 * one notice for all queries.
 */
export function Loaded<T>({
  query,
  title,
  list,
  children,
}: {
  query: { data: T | undefined; error: Error | null };
  /** Title of the screen until there is data. Set it if `children` returns the whole screen. */
  title?: string;
  /** Address and name of the list of such objects, which are linked to when the object does not exist. */
  list?: ListLink;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined)
    return (
      <>
        {query.error !== null && !isUnreachable(query.error) && <Problem error={query.error} />}
        {children(query.data)}
      </>
    );
  const rest = query.error === null ? <Loading /> : <NotRead error={query.error} list={list} />;
  return title === undefined ? rest : <Page title={title}>{rest}</Page>;
}

/** Shows why an object could not be read. If it does not exist, also shows possible reasons and links to the list. */
function NotRead({ error, list }: { error: Error; list: ListLink | undefined }) {
  const isMissing = error instanceof ApiError && error.status === 404;
  return (
    <>
      <Problem error={error} />
      {isMissing && list !== undefined && (
        <p className="lead">
          It may have been deleted, e.g. at the end of its retention.{' '}
          <Link to={list[0]} search={{}}>
            {list[1]}
          </Link>
        </p>
      )}
    </>
  );
}
