import { createHmac, randomUUID } from 'node:crypto';

type Body = Record<string, unknown>;

const repository = {
  id: 1,
  full_name: 'acme/shop',
  html_url: 'https://github.example/acme/shop',
  default_branch: 'main',
};
const sender = { login: 'ada', id: 7, type: 'User' };
const issue = {
  number: 7,
  title: 'Down',
  state: 'open',
  html_url: 'https://github.example/acme/shop/issues/7',
  user: sender,
};
const pull = { ...issue, merged: true, draft: false, base: { ref: 'main' }, head: { ref: 'fix' } };
const deployment = { id: 3, environment: 'production', ref: 'main', sha: 'abc', creator: sender };

/** One body for each GitHub event: https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export const GITHUB_BODIES: Readonly<Record<string, Body>> = {
  push: {
    ...{ ref: 'refs/heads/main', before: 'a'.repeat(40), after: 'b'.repeat(40), created: false, deleted: false },
    ...{ forced: false, compare: 'https://github.example/acme/shop/compare/a...b', base_ref: null },
    ...{ commits: [], head_commit: null, pusher: { name: 'ada' } },
  },
  pull_request: { action: 'closed', number: 7, pull_request: pull },
  pull_request_review: { action: 'submitted', pull_request: pull, review: { id: 1, state: 'approved', user: sender } },
  issues: { action: 'opened', issue },
  issue_comment: { action: 'created', issue, comment: { id: 1, body: '/retry', user: sender } },
  deployment: { action: 'created', deployment, workflow: null },
  deployment_status: {
    ...{ action: 'created', deployment },
    deployment_status: { id: 1, state: 'failure', target_url: '', description: '' },
  },
  workflow_run: {
    action: 'completed',
    workflow_run: {
      ...{ id: 11, name: 'CI', status: 'completed', conclusion: 'failure', head_branch: 'main', head_sha: 'abc' },
      ...{ html_url: 'https://github.example/acme/shop/actions/runs/11', event: 'push' },
    },
  },
  check_run: {
    action: 'completed',
    check_run: { id: 5, name: 'lint', status: 'completed', conclusion: 'success', head_sha: 'abc', html_url: null },
  },
  release: {
    action: 'published',
    release: {
      tag_name: 'v1',
      name: null,
      html_url: 'https://github.example/acme/shop/releases/v1',
      prerelease: false,
    },
  },
};

const project = {
  id: 7,
  path_with_namespace: 'acme/shop',
  web_url: 'https://gitlab.example/acme/shop',
  default_branch: 'main',
};
const pushed = {
  ref: 'refs/heads/main',
  before: 'a'.repeat(40),
  after: 'b'.repeat(40),
  user_username: 'ada',
  commits: [],
};
const about = {
  id: 70,
  iid: 7,
  title: 'Down',
  state: 'opened',
  action: 'open',
  url: 'https://gitlab.example/acme/shop/-/issues/7',
};

/** One body for each GitLab event: https://docs.gitlab.com/user/project/integrations/webhook_events/ */
export const GITLAB_BODIES: Readonly<Record<string, Body>> = {
  push: { ...pushed, event_name: 'push', checkout_sha: 'b'.repeat(40) },
  tag_push: { ...pushed, ref: 'refs/tags/v1', event_name: 'tag_push' },
  issue: { event_type: 'issue', object_attributes: about },
  note: { event_type: 'note', object_attributes: { id: 1, note: '/retry', noteable_type: 'Issue' }, issue: about },
  merge_request: { object_attributes: { ...about, source_branch: 'fix', target_branch: 'main' } },
  pipeline: {
    object_attributes: { id: 31, ref: 'main', tag: false, sha: 'abc', source: 'push', status: 'failed' },
    builds: [],
  },
  build: {
    ...{ ref: 'main', tag: false, build_id: 4, build_name: 'deploy', build_stage: 'deploy', build_status: 'failed' },
    ...{ build_failure_reason: 'script_failure', pipeline_id: 31 },
  },
  deployment: { status: 'success', deployment_id: 15, environment: 'production', ref: 'main' },
  release: { id: 1, action: 'create', tag: 'v1', name: 'v1', url: 'https://gitlab.example/acme/shop/-/releases/v1' },
};

interface Hook {
  url: string;
  name: string;
  secret: string;
}

/** Posts a delivery as GitHub does. A redelivery has the same id as the first delivery. */
export function postAsGithub(
  hook: Hook,
  event: string,
  { more = {}, id = randomUUID(), isForm = false }: { more?: Body; id?: string; isForm?: boolean } = {},
): Promise<Response> {
  const json = JSON.stringify({ ...GITHUB_BODIES[event], repository, sender, ...more });
  const body = isForm ? new URLSearchParams({ payload: json }).toString() : json;
  return fetch(`${hook.url}/api/v1/hooks/${hook.name}`, {
    method: 'POST',
    headers: {
      'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
      ...{ 'x-github-event': event, 'x-github-delivery': id, 'user-agent': 'GitHub-Hookshot/1' },
      'x-hub-signature-256': `sha256=${createHmac('sha256', hook.secret).update(body).digest('hex')}`,
    },
    body,
  });
}

/**
 * Posts a delivery as GitLab does. A retry keeps its Idempotency-Key, and all events that one webhook has triggered
 * share the X-Gitlab-Event-UUID (https://docs.gitlab.com/user/project/integrations/webhooks/#delivery-headers).
 */
export function postAsGitlab(
  hook: Hook,
  kind: string,
  { more = {}, id = randomUUID(), chain = randomUUID() }: { more?: Body; id?: string; chain?: string } = {},
): Promise<Response> {
  return fetch(`${hook.url}/api/v1/hooks/${hook.name}`, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', 'x-gitlab-event': `${kind} hook`, 'x-gitlab-token': hook.secret },
      ...{ 'idempotency-key': id, 'x-gitlab-event-uuid': chain, 'x-gitlab-webhook-uuid': randomUUID() },
    },
    body: JSON.stringify({ object_kind: kind, project, ...GITLAB_BODIES[kind], ...more }),
  });
}
