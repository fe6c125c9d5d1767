import { normalizeEvent } from '../registry/registry';
import type { Findings } from './findings';
import { isMap, listOf } from './plain-map';
import { fillTriggerIds } from './trigger-ids';
import { walkDocument } from './walk';

function normalizeEventOf(owner: Record<string, unknown>): void {
  if (typeof owner.event === 'string') owner.event = normalizeEvent(owner.event);
}

/**
 * Normalizes a raw document in place: dots inside event names become `_`, derived trigger ids are filled in, the short
 * forms of waits (`wait_until: "expression"`, `wait_for_trigger: [event, …]`) become maps, and `poll_seconds` in waits
 * is dropped with a warning. Returns the number of actions, branches and conditions.
 */
export function normalizeDocument(document: Record<string, unknown>, findings: Findings): number {
  let entries = 0;
  const count = ({ length }: readonly unknown[]) => void (entries += length);
  for (const trigger of listOf(document.triggers)) if (isMap(trigger)) normalizeEventOf(trigger);
  fillTriggerIds(document, findings);
  walkDocument(document, {
    steps: count,
    branches: count,
    conditions: count,
    step: ({ step, path }) => {
      if (typeof step.wait_until === 'string') step.wait_until = { condition: step.wait_until };
      if (Array.isArray(step.wait_for_trigger))
        step.wait_for_trigger = { triggers: step.wait_for_trigger as unknown[] };
      for (const kind of ['wait_for_trigger', 'wait_until'] as const) {
        const wait = step[kind];
        if (!isMap(wait)) continue;
        normalizeEventOf(wait);
        for (const one of listOf(wait.triggers)) if (isMap(one)) normalizeEventOf(one);
        if (!Object.hasOwn(wait, 'poll_seconds')) continue;
        const message = 'Waits wake when something changes: "poll_seconds" is not needed and was dropped';
        findings.warning({ path: [...path, kind, 'poll_seconds'], atKey: true, code: 'poll_seconds_dropped', message });
        delete wait.poll_seconds;
      }
    },
  });
  return entries;
}
