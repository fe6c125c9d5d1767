import type { Executor } from '../../db/executor';
import type { StartableRun } from '../../db/runs/start-queue';
import type { Logger } from '../../log';
import type { RunStarter } from '../../temporal/run-starter';
import type { RunSlots } from './run-slots';
import { createStartAttempts } from './start-attempts';

function attemptsWith(error: Error) {
  const logged: string[] = [];
  const log = (_fields: object, message: string) => void logged.push(message);
  const starter = { start: () => Promise.reject(error) } as unknown as RunStarter;
  const attempts = createStartAttempts({
    db: {} as Executor,
    starter: () => starter,
    slots: { release: () => undefined } as unknown as RunSlots,
    log: { warn: log, error: log, info: log } as unknown as Logger,
  });
  return { attempts, logged };
}
const RUN = { id: 'r' } as StartableRun;

describe('an attempt to start a run', () => {
  it.each([
    ['Postgres', new Error('Connection terminated unexpectedly')],
    ['Postgres', Object.assign(new Error('terminating connection'), { code: '57P01' })],
    ['Temporal', new Error('transport error')],
  ])('reports that %s is unreachable, and later runs wait in the table', async (service, error) => {
    const { attempts, logged } = attemptsWith(error);
    expect(await attempts.attempt(RUN, [])).toBe(false);
    expect(attempts.isUnreachable()).toBe(true);
    expect(logged).toEqual([`${service} is unreachable; runs stay pending until it is reachable again`]);
  });

  it('logs any other failure and leaves the run to the sweep', async () => {
    const { attempts, logged } = attemptsWith(new Error('a bug'));
    expect(await attempts.attempt(RUN, [])).toBe(true);
    expect(attempts.isUnreachable()).toBe(false);
    expect(logged).toEqual(['failed to start a run; the sweep tries again']);
  });
});
