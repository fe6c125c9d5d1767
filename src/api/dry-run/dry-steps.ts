import type { ConditionTrace } from '../../domain/conditions/trace-condition';
import { toStorable } from '../../domain/entities/storable';
import { FermataError, messageOf } from '../../domain/errors';
import type { Command } from '../../domain/run/interpret/command';
import { begunAt } from '../../domain/run/interpret/loop';
import type { Progress } from '../../domain/run/interpret/progress';
import type { PlanNode } from '../../domain/run/plan';
import { shortText } from '../../domain/run/short-text';
import type { RunError, StepStatus } from '../../domain/run/step-record';
import type { Evaluated } from '../../evaluation/steps/evaluated';
import type { DryStep } from './report';

/** Maximum number of steps in a dry run. A loop without side effects might never end. */
const MAX_STEPS = 1_000;
/**
 * Maximum total size of configurations and results in a dry run, in characters of JSON. A step that would exceed it is
 * shown without its configuration, and with `{truncated, characters}` as its result.
 */
const MAX_SHOWN = 2_097_152;

/** Thrown when a dry run exceeds the maximum number of steps. */
export class TooManySteps extends Error {
  override readonly name = 'TooManySteps';
  readonly error: RunError;

  constructor(path: string) {
    const message = `A dry run shows at most ${MAX_STEPS} steps.`;
    super(message);
    this.error = { code: 'limit_exceeded', message, path };
  }
}

type Row = Omit<DryStep, 'status'> & { status: StepStatus };
type Shown = Pick<Evaluated, 'status' | 'result' | 'trace'> & { config?: unknown; error?: RunError };

/** Records the steps of a dry run in the form of a run's step rows. */
export class DrySteps {
  private readonly rows = new Map<string, Row>();
  private size = 0;

  constructor(private readonly progress: Progress) {}

  /**
   * Records that a step starts or is evaluated again.
   * @throws {TooManySteps} when the dry run already has `MAX_STEPS` other steps
   */
  begin(node: PlanNode, path: string): Row {
    const known = this.rows.get(path);
    if (known) return known;
    if (this.rows.size >= MAX_STEPS) throw new TooManySteps(path);
    const action = node.kind === 'action' ? node.action : null;
    const row: Row = { path, actionId: node.id, kind: node.kind, action, status: 'running' };
    this.rows.set(path, row);
    return row;
  }

  /** Records the outcome of a step. */
  write(path: string, { status, result, config, error, trace }: Shown): void {
    const row = this.rows.get(path);
    if (!row) return;
    row.status = status;
    const shown = this.bounded(
      toStorable({ ...(config !== undefined && { config }), ...(result !== undefined && { result }) }),
    );
    const merged = toStorable(mergeTraces(row.trace, trace));
    Object.assign(row, shown, error && { error }, merged && { trace: merged });
  }

  /** Records the interpreter's notes about steps that contain other steps and about steps without an activity. */
  note({ node, path, status, persist, result, error }: Extract<Command, { type: 'note' }>): void {
    if (!persist) return;
    const row = this.begin(node, path);
    row.status = status;
    if (result !== undefined)
      row.result = node.kind === 'repeat' ? { ...Object(row.result), ...Object(result) } : result;
    if (error) row.error = error;
    // The note about a failed loop does not contain the number of iterations.
    if (node.kind === 'repeat' && status === 'failed') {
      row.result = { ...Object(row.result), iterations: this.progress.position(begunAt(path)) };
    }
  }

  /**
   * Returns all steps in the order in which they started. Steps that were still open at the end have status
   * `cancelled`.
   */
  all(): DryStep[] {
    return [...this.rows.values()].map(({ status, ...row }) => ({ ...row, status: endedAs(status) }));
  }

  private bounded({ config, result }: Pick<Shown, 'config' | 'result'>): Pick<Shown, 'config' | 'result'> {
    const size = JSON.stringify([config, result]).length;
    if (this.size + size > MAX_SHOWN) return { config: null, result: { truncated: true, characters: size } };
    this.size += size;
    return { ...(config !== undefined && { config }), ...(result !== undefined && { result }) };
  }
}

const endedAs = (status: StepStatus): DryStep['status'] =>
  status === 'success' || status === 'failed' || status === 'skipped' ? status : 'cancelled';

/** Merges traces. A loop that evaluates its condition in each iteration thereby keeps the results of all iterations. */
function mergeTraces(before: DryStep['trace'], trace: DryStep['trace']): DryStep['trace'] | undefined {
  const conditions = [before, trace].flatMap((each) => (each?.['conditions'] ?? []) as ConditionTrace[]);
  const merged = { ...before, ...trace, ...(conditions.length > 0 && { conditions }) };
  return Object.keys(merged).length === 0 ? undefined : merged;
}

/** Returns the error of a failed step in the format of step rows and `run.error`. */
export function failureOf(error: unknown, { id }: PlanNode, path: string): RunError {
  const code = error instanceof FermataError ? error.code : 'expression_error';
  return { code, message: shortText(toStorable(messageOf(error))), path, ...(id === null ? {} : { actionId: id }) };
}
