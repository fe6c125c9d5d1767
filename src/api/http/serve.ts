import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import { appendAudit, type AuditEntry } from '../../db/audit';
import type { FermataError } from '../../domain/errors';
import type { Gatekeeper } from '../auth/gatekeeper';
import { ANONYMOUS, type Principal } from '../auth/principal';
import type { ClientAddress } from './client-address';
import type { CostGuard } from './cost-guard';
import { createdBy, type CreatedResource } from './created';
import { idempotencyKeyOf, oncePerKey, type RequestContent } from './idempotency';
import { logRefusal, refusalOf, sendProblem } from './problem';
import { repeatOnDeadlock } from './repeat-on-deadlock';
import { createRefusalSampler, type RefusalSampler } from './refusal-sampler';
import { reportRequest, type RefusedDeliveryDeps } from './refused-delivery';
import { readInput } from './read-input';
import type { Context, Reply, Route } from './route';
import { sendReply } from './send-reply';

/** Frequent refusals that are not audited. Recording them would make an overload worse. */
const NOT_AUDITED = new Set(['rate_limited', 'overloaded', 'database_unavailable']);

export interface ServeDeps extends RefusedDeliveryDeps {
  gatekeeper: Gatekeeper;
  clientAddress: ClientAddress;
  /** Maximum decompressed size of a request body on an inbound route, in bytes. */
  ingestMaxBytes: number;
  costGuard: CostGuard;
  /** Parses a large YAML body off the main thread. */
  parseYaml(text: string): Promise<unknown>;
  /** For tests: a response that the OpenAPI document does not describe becomes a 500. */
  checkAnswers: boolean;
  /**
   * Called after each response, for metrics. `seconds` is measured from the arrival of the request to the end of the
   * response.
   */
  observe(route: Route, status: number, seconds: number): void;
}

/**
 * Creates the function that serves a request to a route: it admits the request, reads the input, runs the handler and
 * sends the response. Every refusal becomes a problem document.
 */
export function createServe(deps: ServeDeps) {
  const sampler = createRefusalSampler(deps.clock);
  return (route: Route) =>
    async (request: Request, response: Response): Promise<void> => {
      const started = performance.now();
      const requestId = randomUUID();
      response.setHeader('X-Request-Id', requestId);
      response.setHeader('Cache-Control', 'no-store');
      let principal = ANONYMOUS;
      let leave = (): void => undefined;
      const beforeParse = (bytes: number) => {
        const { costly = false } = route;
        if (costly !== false) leave = deps.costGuard.enter(principal.tokenId, bytes, costly === 'always');
      };
      try {
        principal = await deps.gatekeeper.admit(route, request, (known) => (principal = known));
        const context = {
          principal,
          ...(await readInput(route, request, { ...deps, beforeParse })),
          cause: causeOf(principal),
          request,
        };
        const prepared = await route.prepare?.(context, (known) => (principal = known));
        const reply = await run(deps, route, { ...context, principal, prepared }, response, requestId);
        if (reply !== undefined) sendReply(response, route, reply, deps.checkAnswers);
      } catch (error) {
        await refuse({ ...deps, sampler }, { route, request, response, requestId, principal, error });
      } finally {
        leave();
      }
      deps.observe(route, response.statusCode, (performance.now() - started) / 1000);
    };
}

function causeOf(principal: Principal): Context<unknown, unknown, unknown>['cause'] {
  return { actor: principal.actor, causedBy: null, depth: 0 };
}

type Prepared = Context<unknown, unknown, unknown> & { prepared: unknown };

async function run(
  deps: ServeDeps,
  route: Route,
  context: Prepared,
  response: Response,
  requestId: string,
): Promise<Reply | undefined> {
  if (route.effect === 'write') return runWrite(deps, route, context, response, requestId);
  // A stream never ends, but a response to HEAD has no body and must end at once.
  if (route.effect === 'stream' && context.request.method === 'HEAD') {
    return { status: 200, headers: { 'Content-Type': route.responses[200]?.contentTypes?.[0] ?? '' } };
  }
  const reply = await route.run({ ...context, tx: deps.db, afterCommit: (callback) => callback() }, response);
  if (route.audited === true && reply !== undefined) {
    const { request, principal } = context;
    await appendAudit(deps.db, entry(deps, { route, request, requestId, principal }, { status: reply.status }));
  }
  return reply;
}

/** Runs a write route in one transaction with its audit row and the response that is stored for repeated requests. */
async function runWrite(
  deps: ServeDeps,
  route: Route,
  context: Prepared,
  response: Response,
  requestId: string,
): Promise<Reply | undefined> {
  const { request, principal, raw } = context;
  const replayable = route.method === 'post' && route.replayable !== false;
  const key = replayable ? idempotencyKeyOf(request.headers['idempotency-key']) : undefined;
  return repeatOnDeadlock(async () => {
    const callbacks: (() => void)[] = [];
    const reply = await deps.db.transaction(async (tx) => {
      const work = async (): Promise<Reply> => {
        const answer = await route.run({ ...context, tx, afterCommit: (c) => void callbacks.push(c) }, response);
        if (answer === undefined) throw new Error(`${route.operationId} gave no answer`);
        const { status } = answer;
        const what = { route, request, requestId, principal };
        await appendAudit(
          tx,
          entry(deps, what, {
            status,
            ...((status === 201 || route.operationId === 'gitops.apply') && createdBy(answer.body)),
          }),
        );
        return answer;
      };
      if (key === undefined) return work();
      return oncePerKey(
        tx,
        { principal: principal.id, route: `POST ${targetOf(request)}`, key },
        contentOf(request, raw),
        work,
      );
    });
    callbacks.forEach((callback) => callback());
    return reply;
  });
}

interface Subject {
  route: Route;
  request: Request;
  requestId: string;
  principal: Principal;
}

/**
 * Maximum number of anonymous refusals that are recorded per minute, address and action. Default: 10. The limit is
 * lower for inbound routes, because anybody can post to them.
 */
const MAX_RECORDED: Partial<Record<Route['effect'], number>> = { inbound: 1 };

type RefuseDeps = ServeDeps & { sampler: RefusalSampler };

async function refuse(deps: RefuseDeps, what: Subject & { response: Response; error: unknown }): Promise<void> {
  const { route, response, requestId } = what;
  const refusal = refusalOf(what.error);
  logRefusal(deps.log, refusal, { requestId, route: route.operationId });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (
    (route.effect === 'write' || route.effect === 'inbound' || route.audited === true) &&
    !NOT_AUDITED.has(refusal.code)
  ) {
    await auditRefusal(deps, what, refusal);
  }
  await reportRequest(deps, what, refusal);
  sendProblem(response, refusal, requestId);
}

/**
 * Records a refusal in the audit log. If that fails, only logs the failure, so that the refusal is sent even when the
 * database is unreachable.
 */
async function auditRefusal(deps: RefuseDeps, what: Subject, refusal: FermataError): Promise<void> {
  const answer = { status: refusal.status, code: refusal.code };
  try {
    if (what.principal !== ANONYMOUS) return await appendAudit(deps.db, entry(deps, what, answer));
    const { effect, operationId } = what.route;
    const sample = deps.sampler.take(deps.clientAddress(what.request), operationId, MAX_RECORDED[effect] ?? 10);
    if (sample !== undefined) await appendAudit(deps.db, entry(deps, what, { ...answer, ...sample }));
  } catch (error) {
    deps.log.warn({ err: error, requestId: what.requestId }, 'a refused request could not be written to the audit log');
  }
}

function entry(
  deps: ServeDeps,
  what: Subject,
  answer: { status: number; code?: string; notRecorded?: number; created?: CreatedResource | CreatedResource[] },
): AuditEntry {
  return {
    at: deps.clock.now(),
    actor: what.principal.actor,
    action: what.route.operationId,
    target: targetOf(what.request).slice(0, 1000),
    outcome: answer.status < 400 ? 'success' : answer.status < 500 ? 'refused' : 'failed',
    remoteAddress: deps.clientAddress(what.request) || null,
    detail: { ...answer, requestId: what.requestId },
  };
}

/** Returns the content that two requests with the same idempotency key must share. */
function contentOf(request: Request, raw: Buffer): RequestContent {
  return { target: request.originalUrl, contentType: request.headers['content-type'] ?? '', raw };
}

/**
 * Returns the path of the request as sent, without the query. It is percent-encoded and can therefore always be stored.
 */
function targetOf(request: Request): string {
  return request.originalUrl.split('?', 1)[0] ?? '';
}
