import { z } from 'zod';
import { sha256 } from '../../domain/sha256';
import type { CallContext } from '../contract';
import { GithubConnection, type GithubClient, type GithubRequest } from './client';

export const Text = z.string().trim().min(1);
export const TIMEOUT_MS = 30_000;

/** What every action starts with. */
export const RepositoryFields = { connectionId: Text, owner: Text, repo: Text };

export const common = { connection: 'github', execution: 'call', timeoutMs: () => TIMEOUT_MS } as const;

type Context = CallContext<{ owner: string; repo: string }>;

/** Requests below the repository that a step names. */
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

/** Returns what marks an issue or comment as that of a step; people do not see it. */
export function markOf(idempotencyKey: string): string {
  return `<!-- fermata:${sha256(idempotencyKey).slice(0, 32)} -->`;
}

const Tried = z.object({ tried: z.literal(true) });

/** Whether an earlier attempt may have acted; this one is recorded as such. */
export async function triedBefore({ attempt, progress }: Pick<CallContext<unknown>, 'attempt' | 'progress'>) {
  if (attempt > 1 || Tried.safeParse(await progress.read()).success) return true;
  await progress.write({ tried: true });
  return false;
}
