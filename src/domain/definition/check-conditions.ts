import { isTemplate } from '../expressions/template';
import { nearest } from '../expressions/nearest';
import { checkStateField } from './check-members';
import { checkKindName } from './check-names';
import { checkUnrendered } from './check-unrendered';
import type { Findings } from './findings';
import type { Segment } from './place';
import { isMap } from './plain-map';
import type { ScopeTypes } from './scope-types';

function checkState(state: Record<string, unknown>, path: Segment[], findings: Findings): void {
  for (const key of ['entity', 'kind', 'id', 'field'] as const) {
    const text = state[key];
    if (typeof text !== 'string' || !isTemplate(text)) continue;
    const instead =
      key === 'entity' ? 'health.system.status == "healthy"' : 'state["kind"][trigger.payload.id].field == "value"';
    const message = `"${key}" is not rendered: for an id that is not known in advance, write an expression, such as ${instead}`;
    findings.error({ path: [...path, key], code: 'stray_braces', message });
  }
  const instead = ': to compare with a computed value, write an expression such as state.kind.id.field == variables.x';
  checkUnrendered(state.equals, [...path, 'equals'], instead, findings);
  if (state.for === undefined || typeof state.field !== 'string' || !state.field.includes('.')) return;
  const message = `"for" reads the history of top-level fields, but "${state.field}" is inside one`;
  findings.error({ path: [...path, 'for'], atKey: true, code: 'for_not_possible', message });
}

/** Checks the names and values in a structured condition, and reports templates in fields that are never rendered. */
export function checkCondition(
  condition: Record<string, unknown>,
  path: Segment[],
  {
    triggerIds,
    kinds,
    types,
    findings,
  }: {
    triggerIds: readonly string[];
    kinds: ReadonlySet<string> | undefined;
    types: ScopeTypes;
    findings: Findings;
  },
): void {
  const { state } = condition;
  if (isMap(state)) {
    checkState(state, [...path, 'state'], findings);
    if (typeof state.kind === 'string') checkKindName(state.kind, [...path, 'state', 'kind'], kinds, findings);
    const { kind, field, equals } = state;
    checkStateField({ kind, field, values: { equals } }, [...path, 'state'], { types, findings });
  }
  for (const id of [condition.trigger].flat()) {
    if (typeof id !== 'string' || triggerIds.includes(id)) continue;
    const meant = nearest(id, triggerIds);
    const hint = meant === undefined ? `Triggers: ${triggerIds.join(', ')}` : `Did you mean "${meant}"?`;
    const message = `No trigger has the id "${id}". ${hint}`;
    findings.warning({ path: [...path, 'trigger'], code: 'unknown_trigger', message });
  }
}
