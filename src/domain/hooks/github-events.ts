import { z } from 'zod';
import type { ForgeEvent } from './forge-event';

const text = z.string();
const named = (...names: string[]) => z.looseObject(Object.fromEntries(names.map((name) => [name, text])));
const User = z.looseObject({ login: text });
const base = {
  repository: z.looseObject({ full_name: text, html_url: text.optional(), default_branch: text.optional() }),
  sender: User.optional(),
};
const common = { repository: 'repository.full_name', sender: 'sender.login' };
const acting = { ...common, action: 'action' };
const numbered = z.looseObject({
  ...{ number: z.int(), title: text.optional(), html_url: text.optional(), state: text.optional() },
  user: User.nullish(),
});
const Commit = z.looseObject({ id: text, message: text, url: text.optional() });
const Deployment = z.looseObject({ id: z.int(), environment: text, ref: text.optional(), sha: text.optional() });

/** GitHub events: https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export const GITHUB_EVENTS = {
  push: {
    ...{
      displayName: 'GitHub push',
      description: 'Commits or tags were pushed, or a branch or tag was created or deleted.',
    },
    payload: z.looseObject({
      ...base,
      ...{ ref: text, before: text, after: text, created: z.boolean().optional(), deleted: z.boolean().optional() },
      ...{ forced: z.boolean().optional(), compare: text.optional(), commits: z.array(Commit).optional() },
      ...{ head_commit: Commit.nullish(), pusher: z.looseObject({ name: text.optional() }).optional() },
    }),
    fields: { ...common, ref: 'ref' },
    ...{ key: ['repository.full_name', 'ref'], separator: ':', keyLabel: 'branch or tag' },
  },
  pull_request: {
    ...{ displayName: 'GitHub pull request', description: 'A pull request was opened, closed, merged or changed.' },
    payload: z.looseObject({
      ...{ ...base, action: text, number: z.int() },
      pull_request: numbered.extend({ merged: z.boolean().nullish(), draft: z.boolean().optional() }),
    }),
    fields: { ...acting, base: 'pull_request.base.ref' },
    ...{ key: ['repository.full_name', 'number'], separator: '#', keyLabel: 'pull request' },
  },
  pull_request_review: {
    ...{ displayName: 'GitHub review', description: 'A review of a pull request was submitted, changed or dismissed.' },
    payload: z.looseObject({ ...base, action: text, pull_request: numbered, review: named('state') }),
    fields: { ...acting, state: 'review.state' },
    ...{ key: ['repository.full_name', 'pull_request.number'], separator: '#', keyLabel: 'pull request' },
  },
  issues: {
    ...{ displayName: 'GitHub issue', description: 'An issue was opened, closed, labelled or changed.' },
    payload: z.looseObject({ ...base, action: text, issue: numbered }),
    fields: acting,
    ...{ key: ['repository.full_name', 'issue.number'], separator: '#', keyLabel: 'issue' },
  },
  issue_comment: {
    ...{ displayName: 'GitHub comment', description: 'Somebody commented on an issue or pull request.' },
    payload: z.looseObject({
      ...{ ...base, action: text, issue: numbered },
      comment: z.looseObject({ id: z.int(), body: text, html_url: text.optional(), user: User.nullish() }),
    }),
    fields: acting,
    ...{ key: ['repository.full_name', 'issue.number'], separator: '#', keyLabel: 'issue' },
  },
  deployment: {
    ...{ displayName: 'GitHub deployment', description: 'A deployment was created.' },
    payload: z.looseObject({ ...base, action: text.optional(), deployment: Deployment }),
    fields: { ...acting, environment: 'deployment.environment' },
    ...{ key: ['repository.full_name', 'deployment.environment'], separator: ':', keyLabel: 'environment' },
  },
  deployment_status: {
    ...{ displayName: 'GitHub deployment status', description: 'A deployment got a new status.' },
    payload: z.looseObject({
      ...{ ...base, action: text.optional(), deployment: Deployment },
      deployment_status: z.looseObject({ state: text, target_url: text.nullish(), description: text.nullish() }),
    }),
    fields: { ...acting, environment: 'deployment.environment', state: 'deployment_status.state' },
    ...{ key: ['repository.full_name', 'deployment.environment'], separator: ':', keyLabel: 'environment' },
  },
  workflow_run: {
    ...{ displayName: 'GitHub workflow run', description: 'A workflow run was requested, began or was completed.' },
    payload: z.looseObject({
      ...{ ...base, action: text },
      workflow_run: z.looseObject({
        ...{ id: z.int(), name: text.nullish(), status: text.nullish(), conclusion: text.nullish() },
        ...{ head_branch: text.nullish(), head_sha: text, html_url: text, event: text.optional() },
      }),
    }),
    fields: {
      ...acting,
      ...{ workflow: 'workflow_run.name', branch: 'workflow_run.head_branch', conclusion: 'workflow_run.conclusion' },
    },
    ...{ key: ['repository.full_name', 'workflow_run.name'], separator: ':', keyLabel: 'workflow' },
  },
  check_run: {
    ...{ displayName: 'GitHub check', description: 'A check run was created or completed.' },
    payload: z.looseObject({
      ...{ ...base, action: text },
      check_run: z.looseObject({
        ...{ id: z.int(), name: text, status: text, conclusion: text.nullish(), head_sha: text },
        html_url: text.nullish(),
      }),
    }),
    fields: { ...acting, name: 'check_run.name', conclusion: 'check_run.conclusion' },
    ...{ key: ['repository.full_name', 'check_run.name'], separator: ':', keyLabel: 'check' },
  },
  release: {
    ...{ displayName: 'GitHub release', description: 'A release was created, published or changed.' },
    payload: z.looseObject({
      ...{ ...base, action: text },
      release: z.looseObject({ tag_name: text, name: text.nullish(), html_url: text, prerelease: z.boolean() }),
    }),
    fields: { ...acting, tag: 'release.tag_name' },
    ...{ key: ['repository.full_name', 'release.tag_name'], separator: ':', keyLabel: 'release' },
  },
} satisfies Record<string, ForgeEvent>;
