import { z } from 'zod';
import type { CallContext } from '../contract';
import { GithubConnection, type GithubClient, type GithubRequest } from './client';

export const Text = z.string().trim().min(1);
export const TIMEOUT_MS = 30_000;

/** Config fields that all actions on a repository have. */
export const RepositoryFields = { connectionId: Text, owner: Text, repo: Text };

export const common = { connection: 'github', execution: 'call', timeoutMs: () => TIMEOUT_MS } as const;

type Context = CallContext<{ owner: string; repo: string }>;

/** Returns a function that sends requests to paths below the repository that a step names. */
export function inRepository(github: GithubClient, { config, connection, now, signal }: Context) {
  const account = GithubConnection.parse(connection);
  const place = `/repos/${encodeURIComponent(config.owner)}/${encodeURIComponent(config.repo)}`;
  return async <T extends z.ZodType>(
    method: GithubRequest['method'],
    path: string,
    answer: T,
    body?: unknown,
  ): Promise<z.output<T>> => {
    const request = { method, path: `${place}${path}`, body };
    return (await github(account, { now, signal, timeoutMs: TIMEOUT_MS }, request, answer)).body;
  };
}
