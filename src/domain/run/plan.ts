/**
 * The plan of a definition, which contains only control flow, names, and the reasons of `stop`. Configurations,
 * expressions and values stay in Postgres with the pinned version, and activities read them there. A history therefore
 * stays small even if this data is large.
 */
interface PlanBase {
  id: string | null;
  /** Name of the step for display: its action or its kind, with its id. */
  label: string;
  enabled: true | false | 'evaluate';
  continueOnError: boolean;
}

/** Retry policy of a provider action. It has the fields of `retry` in the document. */
export interface RetryPlan {
  maxAttempts: number;
  initialSeconds: number;
  factor: number;
  maxSeconds: number;
}

export interface ActionNode extends PlanBase {
  kind: 'action';
  action: string;
  /**
   * `transaction`: an effect on Fermata's own tables. `short`: a call whose first attempt is a local activity. `long`:
   * a call that is a normal activity from the start.
   */
  execution: 'transaction' | 'short' | 'long';
  /** Time limit of one attempt in milliseconds. */
  timeoutMs: number;
  retry: RetryPlan;
}

export interface ChooseNode extends PlanBase {
  kind: 'choose';
  branches: PlanNode[][];
  otherwise: PlanNode[];
}

export interface SequenceNode extends PlanBase {
  kind: 'sequence';
  sequence: PlanNode[];
}

export interface ParallelNode extends PlanBase {
  kind: 'parallel';
  /** Each entry is one step. */
  branches: PlanNode[];
}

export interface RepeatNode extends PlanBase {
  kind: 'repeat';
  form: 'count' | 'for_each' | 'while' | 'until';
  maxIterations: number;
  /** Maximum number of concurrent iterations of a `for_each`; absent = one after another. */
  parallel?: number;
  sequence: PlanNode[];
}

export interface VariablesNode extends PlanBase {
  kind: 'variables';
}

export interface ConditionNode extends PlanBase {
  kind: 'condition';
}

export interface DelayNode extends PlanBase {
  kind: 'delay';
}

export interface WaitUntilNode extends PlanBase {
  kind: 'wait_until';
}

export interface WaitForTriggerNode extends PlanBase {
  kind: 'wait_for_trigger';
}

export interface StopNode extends PlanBase {
  kind: 'stop';
  reason: string;
  /**
   * Set when the reason is a template, which the evaluation renders. Absent for plain text, and in plans of version
   * 0.1.0.
   */
  template?: true;
  error: boolean;
}

export type PlanNode =
  | ActionNode
  | ChooseNode
  | SequenceNode
  | ParallelNode
  | RepeatNode
  | VariablesNode
  | ConditionNode
  | DelayNode
  | WaitUntilNode
  | WaitForTriggerNode
  | StopNode;
export type PlanKind = PlanNode['kind'];
export type NodeOf<K extends PlanKind> = Extract<PlanNode, { kind: K }>;
