import { inArray } from 'drizzle-orm';
import { appendChanges, type NewEvent } from '../../db/change-log';
import { claimDeliveries, deliveryKey } from '../../db/claim-deliveries';
import { insertResults, upsertChecks } from '../../db/health-results';
import { healthChecks } from '../../db/tables/health';
import { occurredAtOf } from '../../domain/entities/occurred-at';
import { assertStorable } from '../../domain/entities/storable';
import { ensureSystems } from '../catalog/ensure-systems';
import type { DomainWrite } from '../domain-write';
import type { CheckResult, DatedResult } from './check-result';
import { HealthState } from './health-status';
import { writeHealth } from './write-health';
import { replayResults } from './replay-results';

function dated(write: DomainWrite, result: CheckResult): DatedResult {
  const claimed = result.timestamp === undefined ? undefined : new Date(result.timestamp);
  return { ...result, at: occurredAtOf(claimed, write.now), changeId: write.entities.ids.next() };
}

/**
 * Separates new results from known results. A result is known if a result with the same system, check, timestamp and
 * status was recorded before. Results without a timestamp all count as new.
 */
async function dropKnown(
  write: DomainWrite,
  results: readonly DatedResult[],
): Promise<{ fresh: DatedResult[]; knownIds: string[] }> {
  const keyed = new Map<string, DatedResult>();
  const fresh = results.filter((result) => result.timestamp === undefined);
  for (const result of results) {
    if (result.timestamp === undefined) continue;
    const { systemId, configurationId, timestamp, status } = result;
    const key = deliveryKey('health', systemId, configurationId, new Date(timestamp).toISOString(), status);
    if (!keyed.has(key)) keyed.set(key, result);
  }
  const deliveries = [...keyed].map(([key, { changeId }]) => ({ key, changeIds: [changeId] }));
  const claimed = await claimDeliveries(write.tx, deliveries);
  for (const [key, result] of keyed) if (claimed.fresh.has(key)) fresh.push(result);
  return { fresh, knownIds: [...claimed.known.values()].flat() };
}

function eventsOf(write: DomainWrite, result: DatedResult): NewEvent[] {
  const { systemId, configurationId, status, latencyMs, message, collectors, at, changeId } = result;
  const payload = {
    ...{ systemId, configurationId, status },
    ...(latencyMs !== undefined && { latencyMs }),
    result: { ...(message !== undefined && { message }), ...(collectors !== undefined && { collectors }) },
    timestamp: at.toISOString(),
  };
  const base = { kind: 'health', id: systemId, occurredAt: at, cause: write.cause, payload, contextKey: systemId };
  const completed = { ...base, changeId, event: 'healthcheck.check_completed' };
  if (status === 'healthy') return [completed];
  return [completed, { ...base, changeId: write.entities.ids.next(), event: 'healthcheck.check_failed' }];
}

/**
 * Records check results: stores the raw results, appends `check_completed` for each result and `check_failed` for each
 * result that is not healthy, and updates the health of the systems. Creates unknown systems and checks, and ignores
 * results that were already recorded. Returns the ids of the change rows, including those of results that were already
 * recorded. Throws `invalid_text` for text that cannot be stored.
 */
export async function recordResults(write: DomainWrite, results: readonly CheckResult[]): Promise<string[]> {
  assertStorable(results);
  const { tx, entities, now } = write;
  const { fresh, knownIds } = await dropKnown(
    write,
    results.map((result) => dated(write, result)),
  );
  if (fresh.length === 0) return knownIds;
  const ids = [...new Set(fresh.map((result) => result.systemId))];
  const systems = await ensureSystems(write, ids);
  const stored = await tx.select().from(healthChecks).where(inArray(healthChecks.systemId, ids));
  const records = await entities.getMany(
    tx,
    ids.map((id) => ({ kind: 'health', id })),
  );
  const current = new Map([...records.values()].map((record) => [record.id, HealthState.parse(record.state)]));
  const { steps, latest } = replayResults(stored, current, fresh);
  const row = (result: DatedResult) => ({ ...result, id: result.changeId });
  await insertResults(tx, fresh.map(row), now);
  await upsertChecks(tx, latest.map(row));
  const events = fresh.flatMap((result) => eventsOf(write, result));
  const changeIds = (await appendChanges(tx, events)).map((change) => change.changeId);
  const health = steps.map(({ systemId: id, ...step }) => ({
    system: { id, name: systems.get(id)?.name },
    ...step,
  }));
  const changed = await writeHealth(write, health);
  return [...knownIds, ...changeIds, ...changed.map(({ changeId }) => changeId)];
}
