import { sql } from 'drizzle-orm';
import type { Executor } from '../../../db/executor';
import { FermataError } from '../../../domain/errors';
import type { Cause } from '../../../domain/entities/change';

/** The alert that a step works on: named by its config, else that of the run's trigger. Refused: `config_invalid`. */
export async function alertOfRun(tx: Executor, runId: string, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const found = await tx.execute<{ fingerprint: string | null }>(
    sql`select trigger_scope -> 'payload' ->> 'fingerprint' as fingerprint from runs where id = ${runId}::uuid`,
  );
  const fingerprint = found.rows[0]?.fingerprint;
  if (typeof fingerprint === 'string' && fingerprint !== '') return fingerprint;
  throw new FermataError('config_invalid', 'The run was not started by an alert: give the fingerprint of one.');
}

/** Who acts, for people: `automation:<name>`. */
export const automationOf = ({ actor }: Cause): string => `automation:${actor.name ?? actor.id}`;
