import { type ActionKind, kindKeys } from './action-kind';
import { ActionsBefore } from './actions-before';
import type { Segment } from './place';
import { isMap, listOf } from './plain-map';

/**
 * How a value is parsed. `template`: every string in the value is a template. `either`: a string is a template if it
 * contains `{{`, otherwise an expression.
 */
export type TextMode = 'expression' | 'template' | 'either';

/** A value that contains expressions. */
export interface ExpressionUse {
  value: unknown;
  path: Segment[];
  mode: TextMode;
  actionsBefore: ActionsBefore;
}

/** A step in the raw document. `kind` is undefined unless the step has exactly one. */
export interface StepVisit {
  step: Record<string, unknown>;
  kind: ActionKind | undefined;
  path: Segment[];
  /** Nesting depth, which is 1 for the steps of `actions`. */
  depth: number;
  actionsBefore: ActionsBefore;
}

/**
 * Callbacks of a walk. Parts of the document with the wrong shape are skipped, because the structure check reports
 * them.
 */
export interface Visitor {
  step?(visit: StepVisit): void;
  /** Receives a list of steps in order. Used for checks that compare neighbouring steps. */
  steps?(list: readonly unknown[], path: Segment[]): void;
  /** Receives the branches of a `parallel` or a `choose`, which may have any shape. */
  branches?(list: readonly unknown[]): void;
  condition?(condition: Record<string, unknown>, path: Segment[]): void;
  /** Receives a list of conditions, which may have any shape. */
  conditions?(list: readonly unknown[]): void;
  expression?(use: ExpressionUse): void;
}

/** Maximum nesting depth of steps. A walk also visits the next level, so that exceeding the maximum can be reported. */
export const MAX_STEP_DEPTH = 20;

/** Returns the ids of all steps in a list, at any depth. */
function idsWithin(list: readonly unknown[], depth = 0): string[] {
  if (depth > MAX_STEP_DEPTH) return [];
  return list.filter(isMap).flatMap((step) => {
    const nested = nestedLists(step).flatMap((inner) => idsWithin(inner, depth + 1));
    return typeof step.id === 'string' ? [step.id, ...nested] : nested;
  });
}

function nestedLists(step: Record<string, unknown>): (readonly unknown[])[] {
  const branches = listOf(step.choose).map((branch) => (isMap(branch) ? listOf(branch.sequence) : []));
  const repeat = isMap(step.repeat) ? listOf(step.repeat.sequence) : [];
  return [...branches, listOf(step.else), listOf(step.parallel), listOf(step.sequence), repeat];
}

/** Returns the maps that name an event in a raw `wait_for_trigger`, with their paths. */
export function eventsOfWait(
  wait: Record<string, unknown>,
  path: Segment[],
): [event: Record<string, unknown>, path: Segment[]][] {
  if (wait.triggers === undefined) return [[wait, path]];
  return listOf(wait.triggers).flatMap((one, index) => (isMap(one) ? [[one, [...path, 'triggers', index]]] : []));
}

/** Walks over a raw document. */
class Walk {
  constructor(private readonly visitor: Visitor) {}

  private use(value: unknown, path: Segment[], mode: TextMode, actionsBefore: ActionsBefore): void {
    if (value !== undefined) this.visitor.expression?.({ value, path, mode, actionsBefore });
  }

  duration(value: unknown, path: Segment[], actionsBefore: ActionsBefore): void {
    if (isMap(value)) this.use(value.template, [...path, 'template'], 'either', actionsBefore);
  }

  trigger(trigger: Record<string, unknown>, path: Segment[]): void {
    this.use(trigger.filter, [...path, 'filter'], 'expression', ActionsBefore.NOTHING);
    if (isMap(trigger.window))
      this.use(trigger.window.partitionBy, [...path, 'window', 'partitionBy'], 'expression', ActionsBefore.NOTHING);
    this.duration(trigger.for, [...path, 'for'], ActionsBefore.NOTHING);
  }

  condition(condition: unknown, path: Segment[], actionsBefore: ActionsBefore): void {
    if (typeof condition === 'string') return this.use(condition, path, 'expression', actionsBefore);
    if (Array.isArray(condition)) return this.conditions(condition, path, actionsBefore);
    if (!isMap(condition)) return;
    this.visitor.condition?.(condition, path);
    for (const key of ['and', 'or'] as const) {
      this.conditions(listOf(condition[key]), [...path, key], actionsBefore);
    }
    if (condition.not !== undefined) this.condition(condition.not, [...path, 'not'], actionsBefore);
    const { numeric_state: numeric, state } = condition;
    if (isMap(numeric)) this.use(numeric.value, [...path, 'numeric_state', 'value'], 'expression', actionsBefore);
    if (!isMap(state)) return;
    this.duration(state.for, [...path, 'state', 'for'], actionsBefore);
  }

  private conditions(list: readonly unknown[], path: Segment[], actionsBefore: ActionsBefore): void {
    this.visitor.conditions?.(list);
    list.forEach((part, index) => this.condition(part, [...path, index], actionsBefore));
  }

  /** Visits the steps of a list. Returns the ids of actions that may have run at the end of the list. */
  steps(list: unknown, path: Segment[], actionsBefore: ActionsBefore, depth: number): ActionsBefore {
    if (!Array.isArray(list) || depth > MAX_STEP_DEPTH + 1) return actionsBefore;
    this.visitor.steps?.(list, path);
    return (list as unknown[]).reduce<ActionsBefore>(
      (before, step, index) => (isMap(step) ? this.step(step, [...path, index], before, depth) : before),
      actionsBefore,
    );
  }

  private step(
    step: Record<string, unknown>,
    path: Segment[],
    actionsBefore: ActionsBefore,
    depth: number,
  ): ActionsBefore {
    const kinds = kindKeys(step);
    this.visitor.step?.({ step, kind: kinds.length === 1 ? kinds[0] : undefined, path, depth, actionsBefore });
    this.use(step.enabled, [...path, 'enabled'], 'expression', actionsBefore);
    const parts = kinds.map((kind) => this.parts(kind, step, path, actionsBefore, depth));
    const [after = actionsBefore] = parts.length > 1 ? [ActionsBefore.anyOf(parts)] : parts;
    return typeof step.id === 'string' ? after.and([step.id]) : after;
  }

  private parts(
    kind: ActionKind,
    step: Record<string, unknown>,
    path: Segment[],
    actionsBefore: ActionsBefore,
    depth: number,
  ): ActionsBefore {
    const at = [...path, kind];
    const value = step[kind];
    switch (kind) {
      case 'action':
        return actionsBefore;
      case 'stop':
        if (isMap(value)) this.use(value.reason, [...at, 'reason'], 'template', actionsBefore);
        return actionsBefore;
      case 'variables':
        this.use(value, at, 'template', actionsBefore);
        return actionsBefore;
      case 'delay':
        this.duration(value, at, actionsBefore);
        return actionsBefore;
      case 'condition':
        this.condition(value, at, actionsBefore);
        return actionsBefore;
      case 'choose':
        return this.choose(step, path, actionsBefore, depth);
      case 'parallel':
        return this.branches(listOf(value), at, actionsBefore, depth);
      case 'sequence':
        return this.steps(value, at, actionsBefore, depth + 1);
      case 'repeat':
        return isMap(value) ? this.repeat(value, at, actionsBefore, depth) : actionsBefore;
      case 'wait_for_trigger':
        if (!isMap(value)) return actionsBefore;
        for (const [one, place] of eventsOfWait(value, at)) {
          this.use(one.filter, [...place, 'filter'], 'expression', actionsBefore);
          this.use(one.context_key, [...place, 'context_key'], 'template', actionsBefore);
        }
        return actionsBefore;
      case 'wait_until':
        if (isMap(value)) this.condition(value.condition, [...at, 'condition'], actionsBefore);
        return actionsBefore;
    }
  }

  private choose(
    step: Record<string, unknown>,
    path: Segment[],
    actionsBefore: ActionsBefore,
    depth: number,
  ): ActionsBefore {
    this.visitor.branches?.(listOf(step.choose));
    const ways = listOf(step.choose).map((branch, index) => {
      if (!isMap(branch)) return actionsBefore;
      const at = [...path, 'choose', index];
      this.condition(branch.when, [...at, 'when'], actionsBefore);
      return this.steps(branch.sequence, [...at, 'sequence'], actionsBefore, depth + 1);
    });
    return ActionsBefore.anyOf([...ways, this.steps(step.else, [...path, 'else'], actionsBefore, depth + 1)]);
  }

  /** Visits the branches of `parallel`. A branch does not see the artifacts of other branches. */
  private branches(
    list: readonly unknown[],
    path: Segment[],
    actionsBefore: ActionsBefore,
    depth: number,
  ): ActionsBefore {
    if (depth > MAX_STEP_DEPTH) return actionsBefore;
    this.visitor.branches?.(list);
    const ways = list.map((branch, index) =>
      isMap(branch) ? this.step(branch, [...path, index], actionsBefore, depth + 1) : actionsBefore,
    );
    return ActionsBefore.anyOf([actionsBefore, ...ways]);
  }

  /**
   * Visits the body of a loop. From the second iteration on, every step of the body may have run before, unless
   * iterations are concurrent.
   */
  private repeat(
    repeat: Record<string, unknown>,
    path: Segment[],
    actionsBefore: ActionsBefore,
    depth: number,
  ): ActionsBefore {
    const again = repeat.parallel === undefined ? actionsBefore.and(idsWithin(listOf(repeat.sequence))) : actionsBefore;
    this.use(repeat.count, [...path, 'count'], 'expression', actionsBefore);
    this.use(repeat.for_each, [...path, 'for_each'], 'expression', actionsBefore);
    this.condition(repeat.while, [...path, 'while'], again);
    this.condition(repeat.until, [...path, 'until'], again);
    return this.steps(repeat.sequence, [...path, 'sequence'], again, depth + 1);
  }
}

/**
 * Visits every step, condition and expression of a raw document. Within each list, visits them in document order.
 * Expressions in the configs of actions are not visited: the `step` callback receives the whole step.
 */
export function walkDocument(document: Record<string, unknown>, visitor: Visitor): void {
  const walk = new Walk(visitor);
  visitor.expression?.({
    value: document.variables,
    path: ['variables'],
    mode: 'template',
    actionsBefore: ActionsBefore.NOTHING,
  });
  listOf(document.triggers).forEach((trigger, index) => {
    if (isMap(trigger)) walk.trigger(trigger, ['triggers', index]);
  });
  walk.condition(document.conditions, ['conditions'], ActionsBefore.NOTHING);
  walk.steps(document.actions, ['actions'], ActionsBefore.NOTHING, 1);
  walk.steps(document.on_failure, ['on_failure'], ActionsBefore.NOTHING.and(idsWithin(listOf(document.actions))), 1);
}
