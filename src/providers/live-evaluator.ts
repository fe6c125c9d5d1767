import type { EntityStore } from '../db/entity-store';
import type { Executor } from '../db/executor';
import { conditionNeeds } from '../domain/conditions/condition-needs';
import { evaluateCondition } from '../domain/conditions/evaluate-condition';
import type { Clock } from '../domain/clock';
import { ExpressionError } from '../domain/expressions/error';
import { evaluate, type Scope } from '../domain/expressions/evaluate';
import { expressionsInValue, type ExpressionSource } from '../domain/expressions/expression-source';
import { parseBareExpression, renderTemplate } from '../domain/expressions/template';
import type { EvaluationScope, Evaluator } from './evaluator';
import { readLiveScope } from './live-scope';

/** The evaluator of dispatcher, activities and API. */
export function createEvaluator(deps: { entities: EntityStore; clock: Clock; timezone: string }): Evaluator {
  const { entities, clock, timezone } = deps;

  const live = (db: Executor, source: ExpressionSource, scope: EvaluationScope, now: Date): Promise<Scope> =>
    readLiveScope({ entities, db }, source, scope, now);

  return {
    async condition(db, condition, scope) {
      const now = clock.now();
      const needs = conditionNeeds(condition);
      const since = new Map<string, Date | null>();
      for (const need of needs.predicates) since.set(JSON.stringify(need), await entities.predicateSince(db, need));
      const full = await readLiveScope({ entities, db }, needs.expressions, scope, now, needs.refs);
      return evaluateCondition(condition, full, {
        now,
        timezone,
        predicateSince: (need) => since.get(JSON.stringify(need)) ?? null,
      });
    },

    async render(db, value, scope) {
      const now = clock.now();
      return renderTemplate(value, await live(db, expressionsInValue(value), scope, now), { now });
    },

    async renderDuration(db, template, scope) {
      const now = clock.now();
      const { expression } = parseBareExpression(template);
      return evaluate(expression, await live(db, expression, scope, now), { now });
    },

    async renderVariables(db, variables, scope) {
      const now = clock.now();
      const rendered: Record<string, unknown> = {};
      try {
        const full = await live(db, expressionsInValue(variables), scope, now);
        for (const [name, value] of Object.entries(variables)) {
          const seen = { ...scope.variables, ...rendered };
          define(rendered, name, renderTemplate(value, { ...full, variables: seen, vars: seen, var: seen }, { now }));
        }
        return { variables: rendered };
      } catch (error) {
        if (error instanceof ExpressionError) return { error: error.message };
        throw error;
      }
    },
  };
}

/** Also for a variable that is called `__proto__`. */
function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
