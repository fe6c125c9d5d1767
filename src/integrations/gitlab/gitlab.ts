import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Egress } from '../../edges/egress/egress';
import { BaseUrl } from '../connections/base-url';
import { requireChoice, type ConnectionType } from '../connections/connection-type';
import type { CallContext } from '../contract';
import { ProviderFailure } from '../provider-failure';
import { createVendorClient, type VendorApi } from '../vendor-client';

/** Credentials for GitLab: a personal, group or project access token. */
export const GitlabConnection = z.strictObject({
  token: z.string().min(1).max(1_000).meta({ 'x-secret': true }),
  baseUrl: BaseUrl.default('https://gitlab.com'),
});
export type GitlabConnection = z.infer<typeof GitlabConnection>;

/**
 * Sends a request to a path below `/api/v4`.
 * @throws {ProviderFailure} with GitLab's message
 */
export type GitlabClient = VendorApi<GitlabConnection>;

/** Creates a client of GitLab's REST API: https://docs.gitlab.com/api/rest/ */
export function createGitlabClient(egress: Egress): GitlabClient {
  const send = createVendorClient(egress, {
    name: 'GitLab',
    explain(json) {
      const { message, error } = Object(json) as { message?: unknown; error?: unknown };
      const said = message ?? error;
      return typeof said === 'string' || said === undefined ? (said as string | undefined) : JSON.stringify(said);
    },
  });
  return async ({ token, baseUrl }, call, { method, path, body }, answer) => {
    const request = { method, url: `${baseUrl}/api/v4${path}`, headers: { 'PRIVATE-TOKEN': token }, body };
    return (await send(call, { ...request, sensitiveHeaders: ['PRIVATE-TOKEN'] }, answer)).body;
  };
}

/** Creates the connection type `gitlab`. */
export function createGitlabConnectionType(gitlab: GitlabClient): ConnectionType<GitlabConnection> {
  const Project = z.looseObject({ id: z.int(), path_with_namespace: z.string() });
  return {
    id: 'gitlab',
    displayName: 'GitLab',
    configSchema: GitlabConnection,
    addressFields: ['baseUrl'],
    async test(config, call) {
      const user = await gitlab(
        config,
        call,
        { method: 'GET', path: '/user' },
        z.looseObject({ username: z.string() }),
      );
      return `Connected as ${user.username}.`;
    },
    options: {
      async projectId(config, _given, call) {
        const path = '/projects?membership=true&simple=true&per_page=100&order_by=last_activity_at';
        const projects = await gitlab(config, call, { method: 'GET', path }, z.array(Project));
        return projects.map(({ id, path_with_namespace: name }) => ({ value: String(id), label: name }));
      },
      async ref(config, given, call) {
        const path = `/projects/${encodeURIComponent(requireChoice(given, 'projectId'))}/repository/branches?per_page=100`;
        const branches = await gitlab(
          config,
          call,
          { method: 'GET', path },
          z.array(z.looseObject({ name: z.string() })),
        );
        return branches.map(({ name }) => ({ value: name, label: name }));
      },
    },
  };
}

export const Text = z.string().trim().min(1);
export const TIMEOUT_MS = 30_000;
/** Id or path of a project. */
export const ProjectId = z.union([z.int(), Text]).describe('Id or path, such as group/project');

/** Returns a function that sends requests to paths below the project that a step names. */
export function inProject(gitlab: GitlabClient, context: CallContext<{ projectId: number | string }>) {
  const { config, connection, now, signal } = context;
  const account = GitlabConnection.parse(connection);
  const place = `/projects/${encodeURIComponent(String(config.projectId))}`;
  return <T extends z.ZodType>(method: 'GET' | 'POST', path: string, answer: T, body?: unknown) =>
    gitlab(account, { now, signal, timeoutMs: TIMEOUT_MS }, { method, path: `${place}${path}`, body }, answer);
}

const POLL_MS = 5_000;
const OVER: ReadonlySet<string> = new Set(['success', 'failed', 'canceled', 'skipped']);

/**
 * Polls a pipeline or job every 5 s until it ends. A skipped pipeline or job counts as successful.
 * @throws {ProviderFailure} when it failed or was cancelled
 */
export async function waitUntilOver<S extends { status: string; url: string }>(
  what: string,
  read: () => Promise<S>,
  signal: AbortSignal,
): Promise<S> {
  for (;;) {
    const state = await read();
    if (state.status === 'success' || state.status === 'skipped') return state;
    if (OVER.has(state.status)) {
      const message = `The ${what} ended with ${state.status}: ${state.url}`;
      throw new ProviderFailure('provider_failed', message, { retryable: false, output: state });
    }
    await pause(POLL_MS, undefined, { signal });
  }
}
