import { randomUUID } from 'node:crypto';
import { auditRefusedSecret } from '../../src/activities/refused-secret';
import type { Step } from '../../src/activities/step';
import { FermataError } from '../../src/domain/errors';
import { secretNotAllowed } from '../../src/domain/secrets/not-allowed';
import { useDatabase } from '../support/database';

const now = new Date();
const stepOf = (runId: string, action: string | null = 'test.send') =>
  ({
    source: { automationId: 'a1', depth: 2, facts: { automation: { name: 'Page' } } },
    names: { runId, path: 'actions[0]', action },
  }) as unknown as Step;

describe('a refused secret', () => {
  const database = useDatabase();
  // The log is append-only, so each test reads the entries of its own run.
  let runId: string;
  beforeEach(() => void (runId = randomUUID()));

  const record = (error: unknown, step = stepOf(runId)) =>
    auditRefusedSecret(database.db, { clock: { now: () => now } }, step, error);
  const entries = async () =>
    (
      await database.pool.query<Record<string, unknown>>(
        `select at, actor, action, target, outcome, remote_address, detail from audit_log where actor ->> 'id' = $1`,
        [runId],
      )
    ).rows;

  it('is recorded with the run as the actor, and only by its name', async () => {
    await record(secretNotAllowed('jira-token', 'may not be used by this action'));
    expect(await entries()).toEqual([
      {
        ...{ at: now, action: 'secrets.use', target: '/secrets/jira-token', outcome: 'refused', remote_address: null },
        actor: { type: 'automation', id: runId, name: 'Page' },
        detail: {
          ...{ status: 403, code: 'secret_not_allowed', requestId: runId },
          ...{ automationId: 'a1', step: 'actions[0]', action: 'test.send' },
        },
      },
    ]);
  });

  it('is recorded even if the step has no action', async () => {
    await record(secretNotAllowed('key', 'may not be used'), stepOf(runId, null));
    expect(await entries()).toMatchObject([{ detail: { action: '' } }]);
  });

  it.each<[string, unknown]>([
    ['another refusal', new FermataError('secret_outside', 'no secret here')],
    ['a refusal that names no secret', new FermataError('secret_not_allowed', 'no')],
    ['an error of the code', new TypeError('broken')],
    ['nothing', undefined],
  ])('is not recorded for %s', async (_what, error) => {
    await record(error);
    expect(await entries()).toEqual([]);
  });
});
