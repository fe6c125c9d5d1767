import { GITHUB_EVENTS } from '../domain/hooks/github-events';
import { GITLAB_EVENTS } from '../domain/hooks/gitlab-events';
import { forgeTrigger } from './forge-trigger';

const run = forgeTrigger('workflow_run', 'GitHub', 'repository', GITHUB_EVENTS.workflow_run);
const push = forgeTrigger('push', 'GitLab', 'project', GITLAB_EVENTS.push);
const payload = {
  ...{ hook: 'github', action: 'completed', repository: { full_name: 'Acme/Shop' } },
  workflow_run: { name: 'CI', conclusion: 'failure', head_branch: 'main' },
};

it.each([
  [{}, true],
  [{ repository: 'acme/shop' }, true],
  [{ repository: ['other/x', 'ACME/shop'], conclusion: ['failure', 'timed_out'] }, true],
  [{ branch: 'refs/heads/main', hook: 'github' }, true],
  [{ conclusion: 'success' }, false],
  [{ hook: 'other' }, false],
])('compares %j with the request', (config, matches) => {
  expect(run.evaluateConfig?.(payload, config)).toBe(matches);
});

it('reports what did not match, with its path in the body', () => {
  expect(run.mismatch?.(payload, { action: 'completed', conclusion: ['success'] })).toEqual({
    ...{ path: 'conclusion', expression: 'workflow_run.conclusion', found: 'failure', wanted: ['success'] },
  });
});

it('accepts branches with and without refs/heads', () => {
  const given = { project: { path_with_namespace: 'acme/shop' }, ref: 'refs/heads/main' };
  expect([push.evaluateConfig?.(given, { ref: 'main' }), push.evaluateConfig?.(given, { ref: 'mai' })]).toEqual([
    ...[true, false],
  ]);
  expect(push.contextKey?.(given, {})).toBe('acme/shop:refs/heads/main');
});

it('has a routing key only for a single repository', () => {
  const { routingKey } = run;
  expect(routingKey?.ofPayload(payload)).toBe(routingKey?.ofConfig({ repository: 'acme/SHOP' }));
  expect(routingKey?.ofConfig({ repository: ['a/b'] })).toBeNull();
});

it('refuses configs that match no event', () => {
  expect(run.configSchema?.safeParse({ workflow: 'CI', actor: 'x' }).success).toBe(false);
});
