import * as audit from '../db/audit';
import type { Executor } from '../db/executor';
import { FermataError } from '../domain/errors';
import { secretNotAllowed } from '../domain/secrets/not-allowed';
import { auditRefusedSecret } from './refused-secret';
import type { Step } from './step';

jest.mock('../db/audit', () => ({ appendAudit: jest.fn(() => Promise.resolve()) }));
const appendAudit = jest.mocked(audit.appendAudit);

const db = {} as Executor;
const now = new Date('2026-03-01T10:00:00Z');
const step = {
  source: { automationId: 'a1', depth: 2, facts: { automation: { name: 'Page' } } },
  names: { runId: 'run', path: 'actions[0]', action: 'test.send' },
} as unknown as Step;
const record = (error: unknown, of = step) => auditRefusedSecret(db, { clock: { now: () => now } }, of, error);

describe('a step that was refused a secret', () => {
  beforeEach(() => void appendAudit.mockClear());

  it('is recorded with the run as the actor, and the name of the secret only', async () => {
    await record(secretNotAllowed('jira-token', 'may not be used by this action'));
    expect(appendAudit.mock.calls).toEqual([
      [
        db,
        {
          ...{ at: now, action: 'secrets.use', target: '/secrets/jira-token', outcome: 'refused', remoteAddress: null },
          actor: { type: 'automation', id: 'run', name: 'Page' },
          detail: {
            ...{ status: 403, code: 'secret_not_allowed', requestId: 'run' },
            ...{ automationId: 'a1', step: 'actions[0]', action: 'test.send' },
          },
        },
      ],
    ]);
  });

  it('is recorded also when the step has no action', async () => {
    const other = { ...step, names: { ...step.names, action: null } } as Step;
    await record(secretNotAllowed('key', 'may not be used'), other);
    expect(appendAudit.mock.calls[0]?.[1].detail).toMatchObject({ action: '' });
  });

  it.each<[string, unknown]>([
    ['another refusal', new FermataError('secret_outside', 'no secret here')],
    ['a refusal that names no secret', new FermataError('secret_not_allowed', 'no')],
    ['an error of the code', new TypeError('broken')],
    ['nothing', undefined],
  ])('is not what %s means', async (_what, error) => {
    await record(error);
    expect(appendAudit).not.toHaveBeenCalled();
  });
});
