import { changesOfEntityBefore } from '../../db/change-log';
import type { DwellArming } from '../../db/dwells';
import type { EntityStore } from '../../db/entity-store';
import type { Executor } from '../../db/executor';
import { earlierResults } from '../../db/health-results';
import type { TriggerDefinition } from '../../domain/definition/trigger';
import type { Change } from '../../domain/entities/change';
import type { Registry } from '../../domain/registry/registry';
import type { TriggerType } from '../../domain/registry/trigger-type';

type Holds = NonNullable<TriggerType['holds']>;
type Cause = Pick<DwellArming, 'event' | 'trigger' | 'config' | 'armedAt'>;

/** Maximum number of the newest results of a system that are searched to determine whether the cause holds. */
const LOOK_BACK = 50;
/** A position after all results. */
const END_OF_TIME = { at: new Date('9999-12-31T00:00:00Z'), id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };
/**
 * Milliseconds after its deadline at which a dwell that has not fired counts as missed. Timers and routing normally
 * take less time.
 */
const MISSED_AFTER_MS = 60_000;

/** Returns whether a change shows that the cause of a dwell no longer holds. */
export function contradictsCause(registry: Registry, dwell: Cause, change: Change): boolean {
  const type = registry.trigger(dwell.event);
  if (!type?.holds) return false;
  const payload = payloadOf(dwell);
  const { reads = 'entity' } = type.holds;
  if (change.shape === 'entity') {
    return (
      (reads === 'entity' || change.next === null) && type.holds.test(change.next, payload, dwell.config) === false
    );
  }
  if (reads === 'entity' || change.event !== type.source || change.occurredAt < dwell.armedAt) return false;
  return type.holds.test(change.payload, payload, dwell.config) === false;
}

/** Returns the payload of the event that armed a dwell. */
export const payloadOf = ({ trigger }: Pick<DwellArming, 'trigger'>) =>
  (trigger['payload'] ?? {}) as Record<string, unknown>;

/** Returns whether a dwell is more than `MISSED_AFTER_MS` late and its trigger sets `missed: report`. */
export function isMissed({ for: dwell }: TriggerDefinition, { firesAt }: { firesAt: Date }, now: Date): boolean {
  const { missed = 'fire' } = typeof dwell === 'object' ? dwell : {};
  return missed === 'report' && now.getTime() - firesAt.getTime() > MISSED_AFTER_MS;
}

/**
 * Returns whether the cause of a dwell held from its event until its deadline, even if it no longer holds. This is true
 * if the log contains no change of the entity before the deadline that contradicts the cause. Returns false before the
 * deadline, and when the log cannot be searched completely.
 */
export async function heldThrough(
  { registry, entities }: { registry: Registry; entities: EntityStore },
  tx: Executor,
  arming: Cause & Pick<DwellArming, 'entity' | 'changeId' | 'firesAt'>,
): Promise<boolean> {
  if (arming.firesAt > entities.clock.now()) return false;
  const { entity, changeId, firesAt } = arming;
  const changes = await changesOfEntityBefore(tx, { entity, after: changeId, before: firesAt });
  return changes !== null && !changes.some((change) => contradictsCause(registry, arming, change));
}

/** Returns whether a cause holds now according to the tables, or undefined when this cannot be determined. */
export async function holdsNow(
  { entities }: { entities: EntityStore },
  tx: Executor,
  holds: Holds,
  cause: { entity: { kind: string; id: string }; payload: Record<string, unknown>; config: Record<string, unknown> },
): Promise<boolean | undefined> {
  const { entity, payload, config } = cause;
  const state = (await entities.get(tx, entity.kind, entity.id))?.state ?? null;
  if (holds.reads !== 'source' || state === null) return holds.test(state, payload, config);
  for (const { latencyMs, collectors } of await earlierResults(tx, entity.id, END_OF_TIME, LOOK_BACK)) {
    const held = holds.test({ latencyMs, result: { collectors } }, payload, config);
    if (held !== undefined) return held;
  }
  return undefined;
}
