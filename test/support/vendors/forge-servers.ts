import { createVerify } from 'node:crypto';
import { startVendorServer, type VendorAnswer } from '../vendor-server';

type Body = Record<string, unknown>;
const parsed = (body: string) => (body === '' ? {} : JSON.parse(body)) as Body;

/** Starts a server for GitHub's REST API with one repository, acme/shop. */
export async function startGithubServer({ token, publicKey }: { token: string; publicKey?: string }) {
  const issues: { number: number; html_url: string; title: string; body: string; state: string }[] = [];
  const comments: { id: number; html_url: string; body: string }[] = [];
  const runs: Body[] = [];
  const checks: Body[] = [];
  const statuses: Body[] = [];
  const failures: VendorAnswer[] = [];
  const refused = (status: number, message: string, more: Body = {}): VendorAnswer => ({
    status,
    body: { message, documentation_url: 'https://docs.github.com/rest', ...more },
  });

  function installation(authorization: string): VendorAnswer {
    const [head = '', claims = '', signature = ''] = authorization.replace('Bearer ', '').split('.');
    const { iss, iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<
      string,
      number | string
    >;
    const isSigned = createVerify('RSA-SHA256')
      .update(`${head}.${claims}`)
      .verify(publicKey ?? '', signature, 'base64url');
    // https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app: at most ten minutes.
    if (!isSigned || iss !== '42' || Number(exp) - Number(iat) > 660)
      return refused(401, 'A JSON web token could not be decoded');
    return { status: 201, body: { token, expires_at: new Date(Date.now() + 3_600_000).toISOString() } };
  }

  function inRepository(method: string, path: string, body: Body): VendorAnswer {
    if (path === '/labels') return { status: 200, body: [{ id: 1, name: 'bug' }] };
    if (path === '/actions/workflows') {
      return { status: 200, body: { workflows: [{ id: 5, name: 'Deploy', path: '.github/workflows/deploy.yml' }] } };
    }
    if (path === '/issues' && method === 'GET') return { status: 200, body: [...issues].reverse() };
    if (path === '/issues') {
      // https://docs.github.com/en/rest/issues/issues#create-an-issue
      if (
        String(body['title'] ?? '') === '' ||
        String(body['title']).length > 256 ||
        String(body['body']).length > 65_536
      ) {
        return refused(422, 'Validation Failed', { errors: [{ resource: 'Issue', code: 'custom', field: 'title' }] });
      }
      const number = issues.length + 1;
      const html_url = `https://github.example/acme/shop/issues/${number}`;
      issues.push({ number, html_url, title: String(body['title']), body: String(body['body']), state: 'open' });
      return { status: 201, body: issues.at(-1) };
    }
    const issue = issues.find(({ number }) => path.startsWith(`/issues/${number}`));
    if (issue && path.endsWith('/comments')) {
      if (method === 'GET') return { status: 200, body: comments };
      const id = comments.length + 1;
      comments.push({ id, html_url: `${issue.html_url}#${id}`, body: String(body['body']) });
      return { status: 201, body: comments.at(-1) };
    }
    if (issue && method === 'PATCH') {
      issue.state = String(body['state']);
      return { status: 200, body: issue };
    }
    if (path === '/actions/workflows/deploy.yml/dispatches') {
      // https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
      if (body['ref'] !== 'main') return refused(422, `No ref found for: ${String(body['ref'])}`);
      const failing = (body['inputs'] as Body)['fail'] === true;
      const id = runs.length + 1;
      runs.push({
        ...{
          id,
          status: 'completed',
          conclusion: failing ? 'failure' : 'success',
          created_at: new Date().toISOString(),
        },
        html_url: `https://github.example/acme/shop/actions/runs/${id}`,
      });
      return { status: 204 };
    }
    if (path === '/actions/workflows/deploy.yml/runs') return { status: 200, body: { workflow_runs: runs } };
    const run = runs.find(({ id }) => path === `/actions/runs/${String(id)}`);
    if (run) return { status: 200, body: run };
    if (path === '/deployments/7/statuses') {
      // https://docs.github.com/en/rest/deployments/statuses#create-a-deployment-status
      if (String(body['description'] ?? '').length > 140) {
        return refused(422, 'Validation Failed', { errors: [{ code: 'too_long', field: 'description' }] });
      }
      statuses.push(body);
      return { status: 201, body: { id: statuses.length } };
    }
    if (path === '/check-runs') {
      checks.push({ ...body, id: checks.length + 1 });
      return { status: 201, body: checks.at(-1) };
    }
    if (path.startsWith('/commits/')) return { status: 200, body: { check_runs: checks } };
    return refused(404, 'Not Found');
  }

  const server = await startVendorServer(({ method, path: full, headers, body }) => {
    const authorization = String(headers['authorization']);
    const [path = ''] = full.split('?');
    if (path === '/app/installations/9/access_tokens') return installation(authorization);
    if (authorization !== `Bearer ${token}`) return refused(401, 'Bad credentials');
    const failure = failures.shift();
    if (failure) return failure;
    const repository = { name: 'shop', owner: { login: 'acme' } };
    if (path === '/rate_limit') return { status: 200, body: { rate: { remaining: 4_999 } } };
    if (path === '/user/repos') return { status: 200, body: [repository] };
    if (path === '/installation/repositories') return { status: 200, body: { repositories: [repository] } };
    const place = '/repos/acme/shop';
    return path.startsWith(place)
      ? inRepository(method, path.slice(place.length), parsed(body))
      : refused(404, 'Not Found');
  });
  return { ...server, issues, comments, runs, checks, statuses, failures };
}

/** Starts a server for GitLab's REST API with one project, acme/shop (id 7). */
export async function startGitlabServer({ token }: { token: string }) {
  const issues: Body[] = [];
  const notes: Body[] = [];
  const pipelines: Body[] = [];
  const failures: VendorAnswer[] = [];

  function inProject(method: string, path: string, body: Body): VendorAnswer {
    if (path === '/repository/branches') return { status: 200, body: [{ name: 'main' }] };
    if (path === '/issues' && method === 'GET') return { status: 200, body: [...issues].reverse() };
    if (path === '/issues') {
      // https://docs.gitlab.com/api/issues/#create-a-new-issue
      if (String(body['title']).length > 255) {
        return { status: 400, body: { message: { title: ['is too long (maximum is 255 characters)'] } } };
      }
      const iid = issues.length + 1;
      issues.push({ ...body, iid, web_url: `https://gitlab.example/acme/shop/-/issues/${iid}` });
      return { status: 201, body: issues.at(-1) };
    }
    if (path === '/issues/1/notes') {
      if (method === 'GET') return { status: 200, body: notes };
      notes.push({ ...body, id: notes.length + 1 });
      return { status: 201, body: notes.at(-1) };
    }
    if (path === '/pipeline') {
      // https://docs.gitlab.com/api/pipelines/#create-a-new-pipeline
      if (body['ref'] !== 'main') return { status: 400, body: { message: { base: ['Reference not found'] } } };
      const id = pipelines.length + 1;
      const variables = body['variables'] as { key: string; value: string }[];
      const failing = variables.some(({ key }) => key === 'FAIL');
      pipelines.push({
        id,
        status: failing ? 'failed' : 'success',
        web_url: `https://gitlab.example/p/${id}`,
        variables,
      });
      return { status: 201, body: pipelines.at(-1) };
    }
    if (path === '/pipelines') return { status: 200, body: [...pipelines].reverse() };
    const [, id, variables] = /^\/pipelines\/(\d+)(\/variables)?$/.exec(path) ?? [];
    const pipeline = pipelines.find((one) => String(one['id']) === id);
    if (pipeline) return { status: 200, body: variables ? pipeline['variables'] : pipeline };
    const job = { id: 12, status: 'success', web_url: 'https://gitlab.example/j/12' };
    if (path === '/jobs/11/retry' && method === 'POST') return { status: 201, body: { ...job, status: 'pending' } };
    if (path === '/jobs/12') return { status: 200, body: job };
    return { status: 404, body: { message: '404 Not found' } };
  }

  const server = await startVendorServer(({ method, path: full, headers, body }) => {
    // https://docs.gitlab.com/api/rest/authentication/
    if (headers['private-token'] !== token) return { status: 401, body: { message: '401 Unauthorized' } };
    const failure = failures.shift();
    if (failure) return failure;
    const [path = ''] = full.split('?');
    if (path === '/api/v4/user') return { status: 200, body: { username: 'ada' } };
    if (path === '/api/v4/projects') return { status: 200, body: [{ id: 7, path_with_namespace: 'acme/shop' }] };
    const place = /^\/api\/v4\/projects\/(7|acme%2Fshop)(\/.*)$/.exec(path)?.[2];
    return place === undefined
      ? { status: 404, body: { message: '404 Project Not Found' } }
      : inProject(method, place, parsed(body));
  });
  return { ...server, issues, notes, pipelines, failures };
}

/** Starts a server for ServiceNow's Table API. */
export async function startServicenowServer({ user, password }: { user: string; password: string }) {
  const incidents: Body[] = [];
  const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const refused = (status: number, message: string, detail: string): VendorAnswer => ({
    status,
    body: { error: { message, detail }, status: 'failure' },
  });
  const server = await startVendorServer(({ method, path: full, headers, body }) => {
    const [path = '', query = ''] = full.split('?');
    if (path === '/oauth_token.do') {
      const form = new URLSearchParams(body);
      const isKnown = form.get('client_secret') === 'canary-client' && form.get('password') === password;
      return isKnown
        ? { status: 200, body: { access_token: 'oauth-token' } }
        : { status: 401, body: { error: 'server_error', error_description: 'access_denied' } };
    }
    if (headers['authorization'] !== basic && headers['authorization'] !== 'Bearer oauth-token') {
      return refused(401, 'User Not Authenticated', 'Required to provide Auth information');
    }
    if (path === '/api/now/table/sys_user_group')
      return { status: 200, body: { result: [{ sys_id: 'g1', name: 'Ops' }] } };
    if (path === '/api/now/table/incident' && method === 'GET') {
      const key = /correlation_id=([^^&]+)/.exec(new URLSearchParams(query).get('sysparm_query') ?? '')?.[1];
      const found = key === undefined ? incidents : incidents.filter((one) => one['correlation_id'] === key);
      return { status: 200, body: { result: found } };
    }
    if (path === '/api/now/table/incident') {
      const n = incidents.length + 1;
      incidents.push({ ...parsed(body), sys_id: `id${n}`, number: `INC00${n}`, state: '1' });
      return { status: 201, body: { result: incidents.at(-1) } };
    }
    const incident = incidents.find((one) => path === `/api/now/table/incident/${String(one['sys_id'])}`);
    if (!incident || method !== 'PATCH')
      return refused(404, 'No Record found', "Record doesn't exist or ACL restricts the record retrieval");
    const change = parsed(body);
    // ServiceNow's default data policy: resolved incidents need a close code and close notes.
    if (change['state'] === '6' && !(change['close_code'] && change['close_notes'])) {
      return refused(403, 'Operation Failed', 'Data Policy Exception: close_code, close_notes are mandatory');
    }
    Object.assign(incident, change);
    return { status: 200, body: { result: incident } };
  });
  return { ...server, incidents };
}
