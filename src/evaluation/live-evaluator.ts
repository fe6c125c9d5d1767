import type { Executor } from '../db/executor';
import type { ConditionContext, PredicateNeed } from '../domain/conditions/condition-context';
import { earliestConditionChange } from '../domain/conditions/condition-change';
import { conditionNeeds } from '../domain/conditions/condition-needs';
import { evaluateCondition } from '../domain/conditions/evaluate-condition';
import { traceCondition, traceDeciding } from '../domain/conditions/trace-condition';
import type { Clock } from '../domain/clock';
import { outsideReference } from '../domain/definition/secret-references';
import type { Condition } from '../domain/definition/condition';
import { toStorable } from '../domain/entities/storable';
import { ExpressionError } from '../domain/expressions/error';
import { RECHECK_MS } from '../domain/expressions/clock';
import { createSharedSteps, evaluate, type Scope } from '../domain/expressions/evaluate';
import { expressionsInValue, type ExpressionSource } from '../domain/expressions/expression-source';
import type { FilterRegistry } from '../domain/expressions/filter-registry';
import { isTemplate, parseBareExpression, renderTemplate } from '../domain/expressions/template';
import type { ExpressionContext, Evaluator, TracedVerdict } from './evaluator';
import { firingAlertsOf } from '../domains/alert/firing-alerts';
import { readHealthViews } from '../domains/healthcheck/health-view';
import {
  type EntityReader,
  readLiveScope,
  readsUnlogged,
  type ReadAlerts,
  type ReadHealth,
  type Unavailable,
  watchedBy,
} from './live-scope';
import type { EntityRef } from '../db/entity-store';

export interface EvaluatorDeps {
  entities: EntityReader;
  /** The same filters that the validator uses. */
  filters: FilterRegistry;
  clock: Clock;
  /** IANA zone of `time` conditions that do not name a zone. */
  timezone: string;
  /** Default: reads the health of systems from Fermata's tables. */
  readHealth?: ReadHealth;
  /** Default: reads alerts from Fermata's tables. */
  readAlerts?: ReadAlerts;
}

/** Creates the evaluator of the dispatcher, the activities and the API. */
export function createEvaluator(deps: EvaluatorDeps): Evaluator {
  return { ...createConditionEvaluator(deps), ...createRenderer(deps) };
}

const readersOf = ({ entities, readHealth = readHealthViews, readAlerts = firingAlertsOf }: EvaluatorDeps) => ({
  ...{ entities, readHealth, readAlerts },
});

const nowOf = (scope: ExpressionContext, clock: Clock): Date => scope.now ?? clock.now();

/** Returns the context for a trace, which evaluates every part of a condition, including nested parts. */
const forTrace = (context: ConditionContext, { steps }: ExpressionContext): ConditionContext => ({
  ...context,
  shared: steps?.traces ?? createSharedSteps(16),
});

/** The scope of a condition, or why it cannot be read. */
type Prepared = { unavailable: Unavailable } | { scope: Scope; context: ConditionContext; isComputed: boolean };

function verdictOn(condition: Condition, ready: Prepared, scope: ExpressionContext): TracedVerdict {
  if ('unavailable' in ready) {
    const { root, reason } = ready.unavailable;
    const unread = { value: false as const, reason };
    const trace = () => ({ condition: root, ...unread });
    return { ...unread, trace, traceDeciding: trace };
  }
  const verdict = evaluateCondition(condition, ready.scope, ready.context);
  const context = () => forTrace(ready.context, scope);
  const trace = () => traceCondition(condition, ready.scope, context());
  return { ...verdict, trace, traceDeciding: () => traceDeciding(condition, verdict, ready.scope, context()) };
}

type ConditionEvaluator = Pick<Evaluator, 'condition' | 'readCondition' | 'explain'>;

function createConditionEvaluator(deps: EvaluatorDeps): ConditionEvaluator {
  const { entities, filters, clock, timezone } = deps;
  const reads = readersOf(deps);

  /**
   * Reads everything to which a condition refers. If something cannot be read, the condition counts as false, because
   * an empty value would make `!health.system.in_maintenance` true.
   */
  const prepare = async (
    db: Executor,
    condition: Condition,
    scope: ExpressionContext,
    more: readonly EntityRef[] = [],
  ): Promise<Prepared> => {
    const now = nowOf(scope, clock);
    const needs = conditionNeeds(condition);
    const since = new Map<string, Date | null>();
    for (const need of needs.predicates) since.set(JSON.stringify(need), await entities.predicateSince(db, need));
    const options = { now, filters, more: [...needs.refs, ...more] };
    const full = await readLiveScope({ ...reads, db }, needs.expressions, scope, options);
    if (full.unavailable !== undefined) return { unavailable: full.unavailable };
    const predicateSince = (need: PredicateNeed) => since.get(JSON.stringify(need)) ?? null;
    const shared = scope.steps?.values ?? createSharedSteps();
    const context = { now, timezone, filters, predicateSince, shared };
    return { scope: full.scope, context, isComputed: full.isComputed };
  };

  return {
    async condition(db, condition, scope) {
      return verdictOn(condition, await prepare(db, condition, scope), scope);
    },

    async readCondition(db, condition, scope, more = []) {
      const ready = await prepare(db, condition, scope, more);
      const watched = watchedBy(condition, scope, { now: nowOf(scope, clock), filters });
      if ('unavailable' in ready) {
        const changesAt = new Date(nowOf(scope, clock).getTime() + RECHECK_MS);
        const { root, reason } = ready.unavailable;
        const seen = { value: false as const, reason };
        return { ...seen, changesAt, ...watched, trace: () => ({ condition: root, ...seen }) };
      }
      const { now } = ready.context;
      const earliest = earliestConditionChange(condition, ready.scope, ready.context);
      const again = new Date(now.getTime() + RECHECK_MS);
      const isUnnoticed = watched.indeterminate || ready.isComputed || readsUnlogged(condition);
      const isUnclear = earliest === 'unknown' || (isUnnoticed && (earliest === null || earliest > again));
      const changesAt = isUnclear ? again : earliest;
      const trace = () => traceCondition(condition, ready.scope, forTrace(ready.context, scope));
      return { ...evaluateCondition(condition, ready.scope, ready.context), changesAt, ...watched, trace };
    },

    async explain(db, condition, scope) {
      const ready = await prepare(db, condition, scope);
      if ('unavailable' in ready) {
        const { root, reason } = ready.unavailable;
        return { condition: root, value: false, reason };
      }
      return traceCondition(condition, ready.scope, forTrace(ready.context, scope));
    },
  };
}

function createRenderer(deps: EvaluatorDeps): Omit<Evaluator, keyof ConditionEvaluator> {
  const { filters, clock } = deps;
  const reads = readersOf(deps);

  const live = async (db: Executor, source: ExpressionSource, scope: ExpressionContext, now: Date) => {
    const full = await readLiveScope({ ...reads, db }, source, scope, { now, filters });
    if (full.unavailable !== undefined) scope.onWarning?.(full.unavailable.reason);
    return full.scope;
  };

  const options = ({ steps }: ExpressionContext, now: Date) => ({
    now,
    filters,
    ...(steps && { shared: steps.values }),
  });

  const evaluateText = async (db: Executor, text: string, scope: ExpressionContext): Promise<unknown> => {
    const now = nowOf(scope, clock);
    const { expression } = parseBareExpression(text);
    return evaluate(expression, await live(db, expression, scope, now), options(scope, now));
  };

  return {
    async render(db, value, scope) {
      const now = nowOf(scope, clock);
      return renderTemplate(value, await live(db, expressionsInValue(value), scope, now), options(scope, now));
    },

    async renderDuration(db, template, scope) {
      const now = nowOf(scope, clock);
      if (isTemplate(template)) {
        return renderTemplate(template, await live(db, expressionsInValue(template), scope, now), options(scope, now));
      }
      return evaluateText(db, template, scope);
    },

    value: evaluateText,

    async renderVariables(db, variables, scope) {
      const now = nowOf(scope, clock);
      const rendered: Record<string, unknown> = {};
      const outside = outsideReference(variables, 'variables');
      if (outside !== undefined) return { error: outside, code: 'secret_outside' };
      try {
        const full = await live(db, expressionsInValue(variables), scope, now);
        const shared = scope.steps?.values ?? createSharedSteps();
        const seen = { ...scope.variables };
        const visible = { ...full, variables: seen, vars: seen, var: seen };
        for (const [name, template] of Object.entries(variables)) {
          const value = renderTemplate(template, visible, { now, filters, shared });
          define(rendered, name, value);
          define(seen, name, value);
        }
        return { variables: toStorable(rendered) };
      } catch (error) {
        if (error instanceof ExpressionError) return { error: error.message, code: 'expression_error' };
        throw error;
      }
    },
  };
}

/** Sets a variable, even one that is named `__proto__`. */
function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
