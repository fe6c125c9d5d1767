import { appendAudit } from '../db/audit';
import type { Executor } from '../db/executor';
import type { Clock } from '../domain/clock';
import { refusedSecretOf } from '../domain/secrets/not-allowed';
import { runCause, type Step } from './step';

/** Records in the audit log that a step was refused a secret. Does nothing for any other error. */
export async function auditRefusedSecret(
  db: Executor,
  { clock }: { clock: Clock },
  step: Step,
  error: unknown,
): Promise<void> {
  const secret = refusedSecretOf(error);
  if (secret === null) return;
  const { runId, path, action } = step.names;
  await appendAudit(db, {
    at: clock.now(),
    actor: runCause(step).actor,
    action: 'secrets.use',
    target: `/secrets/${secret}`,
    outcome: 'refused',
    remoteAddress: null,
    detail: {
      ...{ status: 403, code: 'secret_not_allowed', requestId: runId },
      ...{ automationId: step.source.automationId, step: path, action: action ?? '' },
    },
  });
}
