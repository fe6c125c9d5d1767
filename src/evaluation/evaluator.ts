import type { Executor } from '../db/executor';
import type { ConditionTrace } from '../domain/conditions/trace-condition';
import type { Condition } from '../domain/definition/condition';
import type { SharedSteps } from '../domain/expressions/evaluate';
import type { RunFacts } from '../domain/run/scope';

/** Remaining steps of several conditions together, for their values and for their traces. */
export interface ConditionSteps {
  values: SharedSteps;
  traces: SharedSteps;
}

/** The data of an evaluation, before live state is read. */
export interface ExpressionContext {
  facts: RunFacts;
  variables: Record<string, unknown>;
  artifacts: readonly { actionId: string | null; name: string; data: Record<string, unknown> }[];
  repeat: Record<string, unknown> | null;
  /** Result of the last wait of the run; `changed` while one is evaluated. */
  wait?: Record<string, unknown> | null;
  /** System ids in `health.systems` besides those in the expression. */
  usesState: readonly string[];
  /** Window of `transitions_in_window`, in minutes. */
  stateWindowMinutes: number;
  /** The instant to evaluate at; default: the clock's. */
  now?: Date;
  /** Steps that several evaluations share, including those of variables and computed ids; default: none. */
  steps?: ConditionSteps;
  /** Called for each value that a template saw as empty because it could not be read. */
  onWarning?: (warning: string) => void;
}

/** The value of a condition and what could change it. */
export interface ConditionReading {
  value: boolean | 'error';
  reason?: string;
  /** The earliest instant at which it could change by the passing of time alone; null = never. */
  changesAt: Date | null;
  /** Entities that it reads; id `*` = any of the kind. */
  refs: { kind: string; id: string }[];
  /** Whether the expression reads something that cannot be determined before the evaluation. */
  indeterminate: boolean;
  /** Returns the trace of each part, limited to data that was read. */
  trace(): ConditionTrace;
}

/** The value of a condition, with the traces of its parts. */
export interface TracedVerdict {
  value: boolean | 'error';
  reason?: string;
  trace(): ConditionTrace;
  /** Returns the trace for `decidingPart`; only for a condition that is not true. */
  traceDeciding(): ConditionTrace;
}

/**
 * Evaluates expressions against live state. Each call reads, in one batch, everything that the expression can refer to.
 */
export interface Evaluator {
  /**
   * Evaluates a condition with three values; a list is an `and`. `reason` explains to people why it is not true;
   * `trace` has the value of each part, `traceDeciding` only the data that `decidingPart` reads.
   */
  condition(db: Executor, condition: Condition, scope: ExpressionContext): Promise<TracedVerdict>;
  /**
   * Like `condition`, for waits: also returns when time alone may change the value, and what it reads. `more` =
   * entities to read as well.
   */
  readCondition(
    db: Executor,
    condition: Condition,
    scope: ExpressionContext,
    more?: readonly { kind: string; id: string }[],
  ): Promise<ConditionReading>;
  /** Like `condition`, with a trace of each part; for display, at twice the cost. */
  explain(db: Executor, condition: Condition, scope: ExpressionContext): Promise<ConditionTrace>;
  /** Renders templates deeply; throws ExpressionError. */
  render(db: Executor, value: unknown, scope: ExpressionContext): Promise<unknown>;
  /** Returns the value of a bare expression; throws ExpressionError. */
  value(db: Executor, expression: string, scope: ExpressionContext): Promise<unknown>;
  /** Renders a duration's template: a bare expression, with or without one pair of braces. */
  renderDuration(db: Executor, template: string, scope: ExpressionContext): Promise<unknown>;
  /**
   * Renders variables in order; each sees those before it. `code` distinguishes a failed template from a reference to a
   * secret.
   */
  renderVariables(
    db: Executor,
    variables: Readonly<Record<string, unknown>>,
    scope: ExpressionContext,
  ): Promise<{ variables: Record<string, unknown> } | { error: string; code: 'expression_error' | 'secret_outside' }>;
}
