import type { Executor } from '../db/executor';
import type { ConditionTrace } from '../domain/conditions/trace-condition';
import type { Condition } from '../domain/definition/condition';
import type { SharedSteps } from '../domain/expressions/evaluate';
import type { RunFacts } from '../domain/run/scope';

/** The evaluation steps that several conditions may still take in total: for their values, and for their traces. */
export interface ConditionSteps {
  values: SharedSteps;
  traces: SharedSteps;
}

/** The data of an evaluation, without live state. */
export interface ExpressionContext {
  facts: RunFacts;
  variables: Record<string, unknown>;
  artifacts: readonly { actionId: string | null; name: string; data: Record<string, unknown> }[];
  repeat: Record<string, unknown> | null;
  /** Result of the last wait of the run. While a wait is evaluated, it contains `changed`. */
  wait?: Record<string, unknown> | null;
  /** System ids in `health.systems`, in addition to those in the expression. */
  usesState: readonly string[];
  /** Window of `transitions_in_window`, in minutes. */
  stateWindowMinutes: number;
  /** The time for which to evaluate; default: the current time of the clock. */
  now?: Date;
  /** Steps that several evaluations share, including those of variables and computed ids; default: not shared. */
  steps?: ConditionSteps;
  /** Called with the reason when live state could not be read, so that a template sees it as empty. */
  onWarning?: (warning: string) => void;
}

/** The value of a condition and what could change it. */
export interface ConditionReading {
  value: boolean | 'error';
  reason?: string;
  /** The earliest time at which the value could change without a change of an entity; null = never. */
  changesAt: Date | null;
  /** Entities that the expression reads; id `*` = any entity of the kind. */
  refs: { kind: string; id: string }[];
  /** Whether the expression reads something that cannot be determined before it is evaluated. */
  indeterminate: boolean;
  /**
   * Returns the trace of each part. If live state could not be read, the trace contains only the name of that state and
   * the reason.
   */
  trace(): ConditionTrace;
}

/** The value of a condition and the traces of its parts. */
export interface TracedVerdict {
  value: boolean | 'error';
  reason?: string;
  trace(): ConditionTrace;
  /** Returns the trace for `decidingPart`. Call it only for a condition that is not true. */
  traceDeciding(): ConditionTrace;
}

/**
 * Evaluates expressions against live state. Each call reads everything that the expression can refer to in one batch.
 */
export interface Evaluator {
  /**
   * Evaluates a condition, whose value is true, false or an error; a list means `and`. `reason` explains why the value
   * is not true, `trace` has the value of each part, and `traceDeciding` has only the data that `decidingPart` reads.
   */
  condition(db: Executor, condition: Condition, scope: ExpressionContext): Promise<TracedVerdict>;
  /**
   * Evaluates a condition of a wait. Also returns when its value may change without a change of an entity, and which
   * entities it reads. `more` contains additional entities to read.
   */
  readCondition(
    db: Executor,
    condition: Condition,
    scope: ExpressionContext,
    more?: readonly { kind: string; id: string }[],
  ): Promise<ConditionReading>;
  /**
   * Evaluates a condition with a trace of each part, for display. Costs more than `condition`, because each part is
   * evaluated again for its trace.
   */
  explain(db: Executor, condition: Condition, scope: ExpressionContext): Promise<ConditionTrace>;
  /**
   * Renders all templates in a value, at any depth.
   * @throws {ExpressionError} when a template cannot be evaluated
   */
  render(db: Executor, value: unknown, scope: ExpressionContext): Promise<unknown>;
  /**
   * Returns the value of a bare expression.
   * @throws {ExpressionError} when it cannot be evaluated
   */
  value(db: Executor, expression: string, scope: ExpressionContext): Promise<unknown>;
  /**
   * Renders a duration template: a bare expression, or text with expressions in braces.
   * @throws {ExpressionError} when it cannot be evaluated
   */
  renderDuration(db: Executor, template: string, scope: ExpressionContext): Promise<unknown>;
  /**
   * Renders variables in order. Each variable can use those before it. `code` distinguishes a failed template from a
   * reference to a secret.
   */
  renderVariables(
    db: Executor,
    variables: Readonly<Record<string, unknown>>,
    scope: ExpressionContext,
  ): Promise<{ variables: Record<string, unknown> } | { error: string; code: 'expression_error' | 'secret_outside' }>;
}
