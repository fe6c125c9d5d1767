import { appendAudit } from '../../db/audit';
import type { Executor } from '../../db/executor';
import type { Clock } from '../../domain/clock';
import { refusedSecretOf } from '../../domain/secrets/not-allowed';
import type { Context } from '../http/route';

/** The caller of a request. */
export type Caller = Pick<Context<unknown, unknown, unknown>, 'principal' | 'request'>;

/** Records in the audit log that a call was refused because the connection may not use a secret. */
export async function auditRefusedUse(
  { db, clock }: { db: Executor; clock: Clock },
  { principal, request }: Caller,
  error: unknown,
): Promise<void> {
  const secret = refusedSecretOf(error);
  if (secret === null) return;
  await appendAudit(db, {
    at: clock.now(),
    actor: principal.actor,
    action: 'secrets.use',
    target: `/secrets/${secret}`,
    outcome: 'refused',
    remoteAddress: null,
    detail: {
      status: 403,
      code: 'secret_not_allowed',
      requestId: String(request.res?.getHeader('X-Request-Id') ?? ''),
    },
  });
}
