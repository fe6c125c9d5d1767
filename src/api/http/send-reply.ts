import type { Response } from 'express';
import { standardResponses } from './standard-responses';
import type { Reply, Route } from './route';

/**
 * Sends a response. With `check`, first checks that the route documents it.
 * @throws {Error} when `check` is set and the route does not document the response
 */
export function sendReply(response: Response, route: Route, reply: Reply, check: boolean): void {
  if (check) assertDocumented(route, reply);
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.statusCode = reply.status;
  if (reply.body === undefined) {
    response.end();
    return;
  }
  response.setHeader('Content-Type', reply.contentType ?? 'application/json; charset=utf-8');
  response.end(
    typeof reply.body === 'string' && reply.contentType !== undefined ? reply.body : JSON.stringify(reply.body),
  );
}

function assertDocumented(route: Route, reply: Reply): void {
  const documented = route.responses[reply.status];
  if (documented === undefined) {
    const standard = standardResponses(route).some(({ status }) => status === reply.status);
    throw new Error(
      `${route.operationId} answered ${reply.status}, ${standard ? 'as no problem' : 'which it does not document'}`,
    );
  }
  if (documented.schema === undefined || reply.contentType !== undefined) return;
  const parsed = documented.schema.safeParse(JSON.parse(JSON.stringify(reply.body ?? null)));
  if (!parsed.success)
    throw new Error(`${route.operationId} answered ${reply.status} against its schema`, { cause: parsed.error });
}
