import { z } from 'zod';
import type { ForgeEvent } from './forge-event';

const text = z.string();
const base = {
  object_kind: text,
  project: z.looseObject({ path_with_namespace: text, web_url: text.optional(), default_branch: text.nullish() }),
};
const common = { project: 'project.path_with_namespace' };
const Commit = z.looseObject({ id: text, message: text, url: text.optional() });
const acting = { ...common, action: 'object_attributes.action' };
const Pushed = z.looseObject({
  ...{ ...base, ref: text, before: text, after: text, user_username: text.nullish() },
  ...{ commits: z.array(Commit).optional(), checkout_sha: text.nullish() },
});
const about = z.looseObject({
  ...{ iid: z.int(), title: text, state: text.optional(), action: text.optional(), url: text.optional() },
});

/** GitLab events: https://docs.gitlab.com/user/project/integrations/webhook_events/ */
export const GITLAB_EVENTS = {
  push: {
    ...{
      displayName: 'GitLab push',
      description: 'Commits were pushed to a branch, or a branch was created or deleted.',
    },
    payload: Pushed,
    fields: { ...common, ref: 'ref' },
    ...{ key: ['project.path_with_namespace', 'ref'], separator: ':', keyLabel: 'branch' },
  },
  tag_push: {
    ...{ displayName: 'GitLab tag', description: 'A tag was pushed or deleted.' },
    payload: Pushed,
    fields: { ...common, ref: 'ref' },
    ...{ key: ['project.path_with_namespace', 'ref'], separator: ':', keyLabel: 'tag' },
  },
  issue: {
    ...{ displayName: 'GitLab issue', description: 'An issue was opened, closed or changed.' },
    payload: z.looseObject({ ...base, object_attributes: about }),
    fields: acting,
    ...{ key: ['project.path_with_namespace', 'object_attributes.iid'], separator: '#', keyLabel: 'issue' },
  },
  note: {
    ...{
      displayName: 'GitLab comment',
      description: 'Somebody commented on a commit, merge request, issue or snippet.',
    },
    payload: z.looseObject({
      ...base,
      object_attributes: z.looseObject({
        ...{ id: z.int(), note: text, noteable_type: text, url: text.optional(), action: text.optional() },
      }),
    }),
    fields: { ...acting, noteableType: 'object_attributes.noteable_type' },
    key: ['project.path_with_namespace', 'issue.iid', 'merge_request.iid', 'commit.id'],
    ...{ separator: '#', keyLabel: 'what was commented' },
  },
  merge_request: {
    ...{ displayName: 'GitLab merge request', description: 'A merge request was opened, merged, closed or changed.' },
    payload: z.looseObject({
      ...base,
      object_attributes: about.extend({ source_branch: text, target_branch: text }),
    }),
    fields: { ...acting, targetBranch: 'object_attributes.target_branch' },
    ...{ key: ['project.path_with_namespace', 'object_attributes.iid'], separator: '#', keyLabel: 'merge request' },
  },
  pipeline: {
    ...{ displayName: 'GitLab pipeline', description: 'A pipeline changed its status.' },
    payload: z.looseObject({
      ...base,
      object_attributes: z.looseObject({
        ...{ id: z.int(), ref: text, status: text, tag: z.boolean().optional(), sha: text.optional() },
        ...{ source: text.nullish(), url: text.optional() },
      }),
    }),
    fields: { ...common, ref: 'object_attributes.ref', status: 'object_attributes.status' },
    ...{ key: ['project.path_with_namespace', 'object_attributes.ref'], separator: ':', keyLabel: 'branch or tag' },
  },
  build: {
    ...{ displayName: 'GitLab job', description: 'A job of a pipeline changed its status.' },
    payload: z.looseObject({
      ...{ ...base, ref: text, build_id: z.int(), build_name: text, build_stage: text, build_status: text },
      ...{ build_failure_reason: text.nullish(), pipeline_id: z.int().nullish() },
    }),
    fields: { ...common, ref: 'ref', name: 'build_name', status: 'build_status' },
    ...{ key: ['project.path_with_namespace', 'build_name'], separator: ':', keyLabel: 'job' },
  },
  deployment: {
    ...{ displayName: 'GitLab deployment', description: 'A deployment began, succeeded, failed or was cancelled.' },
    payload: z.looseObject({ ...base, deployment_id: z.int(), environment: text, status: text, ref: text.nullish() }),
    fields: { ...common, environment: 'environment', status: 'status' },
    ...{ key: ['project.path_with_namespace', 'environment'], separator: ':', keyLabel: 'environment' },
  },
  release: {
    ...{ displayName: 'GitLab release', description: 'A release was created, changed or deleted.' },
    payload: z.looseObject({ ...base, action: text, tag: text, name: text.nullish(), url: text.optional() }),
    fields: { ...common, action: 'action', tag: 'tag' },
    ...{ key: ['project.path_with_namespace', 'tag'], separator: ':', keyLabel: 'release' },
  },
} satisfies Record<string, ForgeEvent>;
