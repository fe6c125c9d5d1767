import type { Findings } from './findings';
import { isMap, listOf } from './plain-map';
import { TRIGGER_ID } from './trigger';

/**
 * Derives the id of a trigger from its event: lower case, with `_` for every sequence of characters other than ASCII
 * letters and digits, at most 64 characters.
 */
export function deriveTriggerId(event: string): string {
  return event
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, 64);
}

/** The ids that are in use. */
interface Taken {
  has(id: string): boolean;
}

/**
 * Creates a function that returns the first id among `base_2`, `base_3`… that is free and that it has not returned
 * before. Create one function per document. Each search continues after the previous result, so that thousands of equal
 * ids need only one lookup each.
 */
export function createProposals(taken: Taken): (base: string) => string {
  const last = new Map<string, number>();
  return (base) => {
    const stem = base.slice(0, 57);
    let n = (last.get(stem) ?? 1) + 1;
    while (taken.has(`${stem}_${n}`)) n += 1;
    last.set(stem, n);
    return `${stem}_${n}`;
  };
}

/**
 * Returns the ids of the triggers in a raw document. Derived ids are included only after `fillTriggerIds` has been
 * called.
 */
export function triggerIdsOf(document: Record<string, unknown>): string[] {
  return listOf(document.triggers).flatMap((trigger) =>
    isMap(trigger) && typeof trigger.id === 'string' ? [trigger.id] : [],
  );
}

function givesId(event: unknown): boolean {
  return typeof event === 'string' && TRIGGER_ID.test(deriveTriggerId(event));
}

/** Fills in derived trigger ids in place, and reports duplicate ids. */
export function fillTriggerIds(document: Record<string, unknown>, findings: Findings): void {
  const first = new Map<string, { index: number; derived: boolean }>();
  const triggers = listOf(document.triggers);
  const taken = new Set(triggerIdsOf(document));
  const propose = createProposals(taken);
  for (const [index, trigger] of triggers.entries()) {
    if (!isMap(trigger)) continue;
    // The event is invalid, which another check reports. A placeholder avoids a second error about the derived id.
    if (trigger.id === undefined && !givesId(trigger.event)) trigger.id = `trigger_${index + 1}`;
    const derived = trigger.id === undefined && typeof trigger.event === 'string';
    const id = derived ? deriveTriggerId(String(trigger.event)) : trigger.id;
    if (typeof id !== 'string') continue;
    const earlier = first.get(id);
    if (earlier) {
      const proposal = propose(id);
      const origin = derived && earlier.derived ? ' from their event' : '';
      findings.error({
        path: derived ? ['triggers', index] : ['triggers', index, 'id'],
        code: 'duplicate_id',
        message: `triggers[${earlier.index}] and triggers[${index}] both get the id "${id}"${origin}; write "id: ${proposal}" here`,
      });
    } else first.set(id, { index, derived });
    taken.add(id);
    if (derived) trigger.id = id;
  }
}
