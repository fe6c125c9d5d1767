import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An issue as the server stores it. */
export interface JiraIssueRow {
  id: string;
  key: string;
  fields: Record<string, unknown> & { labels?: string[]; status: { id: string; name: string } };
  comments: Record<string, unknown>[];
  properties: Record<string, unknown>;
}

/** A test server with the paths, statuses and error bodies of Jira Cloud's REST API v3. */
export interface JiraServer {
  url: string;
  issues: JiraIssueRow[];
  requests: { method: string; path: string; body: unknown }[];
  /**
   * Removes the labels field from the project's create screen:
   * https://support.atlassian.com/jira-cloud-administration/docs/configure-issue-screens/
   */
  withoutLabels(): void;
  /** Sets the response to the next request. */
  failNext(status: number, body: unknown, headers?: Record<string, string>): void;
  close(): Promise<void>;
}

const STATUSES = { open: { id: '1', name: 'To Do' }, done: { id: '3', name: 'Done' } };

export async function startJiraServer(account: { email: string; apiToken: string }): Promise<JiraServer> {
  const expected = `Basic ${Buffer.from(`${account.email}:${account.apiToken}`).toString('base64')}`;
  const issues: JiraIssueRow[] = [];
  const requests: JiraServer['requests'] = [];
  let labels = true;
  const failures: { status: number; body: unknown; headers: Record<string, string> }[] = [];

  const answer = (response: ServerResponse, status: number, body?: unknown, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };

  function serve(method: string, path: string, body: Record<string, unknown>, response: ServerResponse): void {
    const [, key, rest] = /^\/rest\/api\/3\/issue\/([A-Z]+-\d+)(\/\w+)?$/.exec(path) ?? [];
    const issue = issues.find((row) => row.key === key);
    if (path === '/rest/api/3/myself') return answer(response, 200, { accountId: 'a', displayName: 'Ada' });
    if (path === '/rest/api/3/project/search') {
      return answer(response, 200, { values: [{ id: '1', key: 'OPS', name: 'Operations' }], isLast: true });
    }
    if (path === '/rest/api/3/issue/createmeta/OPS/issuetypes') {
      return answer(response, 200, { issueTypes: [{ id: '10', name: 'Incident' }], total: 1 });
    }
    if (path === '/rest/api/3/search/jql' && method === 'POST') {
      const label = /labels = "([^"]+)"/.exec(String(body['jql']))?.[1];
      const found = issues.filter(({ fields }) => label === undefined || fields.labels?.includes(label));
      return answer(response, 200, { issues: found, isLast: true });
    }
    if (path === '/rest/api/3/issue' && method === 'POST') return create(body, response);
    if (key !== undefined && issue === undefined) {
      const errorMessages = ['Issue does not exist or you do not have permission to see it.'];
      return answer(response, 404, { errorMessages, errors: {} });
    }
    if (issue && rest === undefined && method === 'GET') return answer(response, 200, issue);
    if (issue && rest === '/transitions') return transition(issue, method, body, response);
    if (issue && rest === '/comment' && method === 'POST') {
      const comment = { id: String(issue.comments.length + 1), ...body };
      issue.comments.push(comment);
      return answer(response, 201, comment);
    }
    answer(response, 404, { errorMessages: ['dead link'] });
  }

  function create(body: Record<string, unknown>, response: ServerResponse): void {
    const fields = body['fields'] as JiraIssueRow['fields'] & { project: { key: string } };
    if (fields.project.key !== 'OPS') {
      return answer(response, 400, { errorMessages: [], errors: { project: 'valid project is required' } });
    }
    if (!labels && 'labels' in fields) {
      const message = "Field 'labels' cannot be set. It is not on the appropriate screen, or unknown.";
      return answer(response, 400, { errorMessages: [], errors: { labels: message } });
    }
    const { properties = [] } = body as { properties?: { key: string; value: unknown }[] };
    const n = issues.length + 1;
    const row = {
      ...{ id: String(10_000 + n), key: `OPS-${n}`, fields: { ...fields, status: STATUSES.open }, comments: [] },
      properties: Object.fromEntries(properties.map(({ key, value }) => [key, value])),
    };
    issues.push(row);
    answer(response, 201, { id: row.id, key: row.key, self: `/rest/api/3/issue/${row.id}` });
  }

  function transition(issue: JiraIssueRow, method: string, body: Record<string, unknown>, response: ServerResponse) {
    const to = { ...STATUSES.done, statusCategory: { key: 'done' } };
    // A workflow offers the transitions that leave the current status of the issue.
    const offered = issue.fields.status.id === to.id ? [] : [{ id: '31', name: 'Close', to }];
    if (method === 'GET') return answer(response, 200, { transitions: offered });
    if ((body['transition'] as { id: string }).id !== '31') {
      return answer(response, 400, { errorMessages: ['Transition is not valid'], errors: {} });
    }
    issue.fields.status = STATUSES.done;
    answer(response, 204);
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
      const path = (request.url ?? '').split('?', 1)[0] ?? '';
      requests.push({ method: request.method ?? '', path, body });
      const failure = failures.shift();
      if (failure) return answer(response, failure.status, failure.body, failure.headers);
      if (request.headers.authorization !== expected) {
        const errorMessages = [`Client must be authenticated (${request.headers.authorization ?? ''})`];
        return answer(response, 401, { errorMessages });
      }
      serve(request.method ?? '', path, body, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    issues,
    requests,
    withoutLabels: () => void (labels = false),
    failNext: (status, body, headers = {}) => void failures.push({ status, body, headers }),
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
