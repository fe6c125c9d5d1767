import { MockActivityEnvironment } from '@temporalio/testing';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  defaultFailureConverter,
  defaultPayloadConverter,
  ensureTemporalFailure,
  RetryState,
  type LogMetadata,
  type Logger,
} from '@temporalio/common';
import { msToTs, optionalTsToMs } from '@temporalio/common/lib/time';
import type { Workflow } from '@temporalio/worker/lib/workflow/interface';
import { messageOf } from '../../domain/errors';
import type { Timers } from './timers';
import type { ExecutionNames } from './workflow-sandbox';

type Activation = Parameters<Workflow['activate']>[0];
type Job = NonNullable<Activation['jobs']>[number];
type Command = NonNullable<NonNullable<Awaited<ReturnType<Workflow['activate']>>['successful']>['commands']>[number];
type Payload = ReturnType<typeof defaultPayloadConverter.toPayload>;

/** The environment of all executions. */
export interface ExecutionHost {
  now(): number;
  timers: Timers;
  activity(name: string): (...args: unknown[]) => Promise<unknown>;
  /** Marks the stage as busy until the work has settled. */
  during(work: () => Promise<void>): void;
}

/**
 * Maximum number of attempts of a local activity. In production they are retried without limit, because only
 * infrastructure errors make them fail. In a test, such an error ends the test.
 */
const LOCAL_ATTEMPTS = 3;
const silent = () => undefined;
const SILENT = {
  ...{ trace: silent, debug: silent, info: silent, warn: silent, error: silent },
  log: (_level: string, _message: string, _meta?: LogMetadata) => undefined,
} as Logger;

const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const valueOf = (data: unknown): unknown => defaultPayloadConverter.fromPayload(data as Payload);

interface ActivityCall {
  seq: number;
  name: string;
  args: unknown[];
  isLocal: boolean;
  attempt: number;
  retry: { attempts: number; initialMs: number; factor: number; maximumMs: number };
}

/**
 * One execution of a workflow on virtual time, without Temporal. It exchanges the same activations and commands with
 * the workflow code as the core of the SDK does. Timers fire when the test's clock reaches them. Activities run at once
 * and take no virtual time.
 */
export class Execution {
  /** Resolves when the execution has closed. */
  readonly closed: Promise<void>;
  /** Arguments of the next execution, if this execution has continued as new. */
  continuedAs: unknown[] | undefined;
  private resolveClosed: () => void = silent;
  private isClosed = false;
  private isActive = false;
  private readonly jobs: Job[] = [];
  private readonly pendingTimers = new Map<number, () => void>();
  /** Activities in progress, by kind and sequence number. */
  private readonly calls = new Set<string>();
  private events = 3;

  constructor(
    private readonly host: ExecutionHost,
    readonly names: ExecutionNames,
    private readonly workflow: Workflow,
  ) {
    this.closed = new Promise((resolve) => (this.resolveClosed = resolve));
  }

  start(args: readonly unknown[]): void {
    const { workflowType, workflowId, firstRunId } = this.names;
    this.push({
      initializeWorkflow: {
        ...{ workflowType, workflowId, attempt: 1, firstExecutionRunId: firstRunId },
        arguments: args.map(payload) as never,
        startTime: msToTs(this.host.now()),
      },
    });
  }

  signal(signalName: string, input: unknown): void {
    this.push({ signalWorkflow: { signalName, input: [payload(input)] as never } });
  }

  cancel(): void {
    this.push({ cancelWorkflow: { reason: 'cancelled' } });
  }

  /** Closes the execution immediately, without running its workflow code. */
  terminate(): void {
    this.close();
  }

  private push(job: Job): void {
    if (this.isClosed) return;
    this.jobs.push(job);
    if (!this.isActive) this.host.during(() => this.run());
  }

  private async run(): Promise<void> {
    this.isActive = true;
    try {
      while (this.jobs.length > 0 && !this.isClosed) {
        const jobs = this.jobs.splice(0);
        this.events += 3;
        const { runId } = this.names;
        const activation = { runId, jobs, historyLength: this.events, timestamp: msToTs(this.host.now()) };
        const completion = await this.workflow.activate(activation);
        const problem = completion.failed?.failure?.message;
        if (problem !== undefined) throw new Error(`A workflow task failed: ${problem ?? ''}`);
        for (const command of completion.successful?.commands ?? []) this.obey(command);
      }
    } finally {
      this.isActive = false;
      if (this.isClosed) await this.workflow.dispose();
    }
  }

  private obey(command: Command): void {
    if (this.isClosed) return;
    const { startTimer, cancelTimer } = command;
    if (startTimer) this.startTimer(startTimer.seq ?? 0, optionalTsToMs(startTimer.startToFireTimeout as never) ?? 0);
    if (cancelTimer) this.forgetTimer(cancelTimer.seq ?? 0);
    this.schedule(command);
    const cancelled = command.requestCancelActivity ?? command.requestCancelLocalActivity;
    if (cancelled) this.giveUp(cancelled.seq ?? 0, command.requestCancelLocalActivity != null);
    const { continueAsNewWorkflowExecution: continued } = command;
    if (continued) this.continuedAs = (continued.arguments ?? []).map(valueOf);
    const { completeWorkflowExecution, failWorkflowExecution, cancelWorkflowExecution } = command;
    if (continued ?? completeWorkflowExecution ?? failWorkflowExecution ?? cancelWorkflowExecution) this.close();
  }

  private schedule({ scheduleActivity, scheduleLocalActivity }: Command): void {
    const scheduled = scheduleActivity ?? scheduleLocalActivity;
    if (!scheduled) return;
    this.events += 3;
    const { retryPolicy } = scheduled;
    this.call({
      ...{ seq: scheduled.seq ?? 0, name: scheduled.activityType ?? '', attempt: 1 },
      args: (scheduled.arguments ?? []).map(valueOf),
      isLocal: scheduleLocalActivity != null,
      retry: {
        attempts: scheduleLocalActivity ? LOCAL_ATTEMPTS : retryPolicy?.maximumAttempts || Infinity,
        initialMs: optionalTsToMs(retryPolicy?.initialInterval as never) ?? 1_000,
        factor: retryPolicy?.backoffCoefficient ?? 2,
        maximumMs: optionalTsToMs(retryPolicy?.maximumInterval as never) ?? 60_000,
      },
    });
  }

  private startTimer(seq: number, ms: number): void {
    const fire = () => {
      this.pendingTimers.delete(seq);
      this.push({ fireTimer: { seq } });
    };
    this.pendingTimers.set(seq, this.host.timers.at(this.host.now() + ms, fire));
  }

  private forgetTimer(seq: number): void {
    this.pendingTimers.get(seq)?.();
    this.pendingTimers.delete(seq);
  }

  private call(call: ActivityCall): void {
    const key = `${call.isLocal ? 'local' : 'normal'} ${call.seq}`;
    this.calls.add(key);
    this.host.during(async () => {
      try {
        const env = new MockActivityEnvironment(
          { isLocal: call.isLocal, attempt: call.attempt, activityType: call.name },
          { logger: SILENT },
        );
        const result = await env.run(this.host.activity(call.name), ...call.args);
        if (this.calls.delete(key)) this.resolve(call, { completed: { result: payload(result) as never } });
      } catch (error) {
        if (this.calls.has(key)) this.afterFailure(call, key, error);
      }
    });
  }

  private afterFailure(call: ActivityCall, key: string, thrown: unknown): void {
    const { attempt, retry, isLocal, name } = call;
    const failure = thrown instanceof ApplicationFailure ? thrown : undefined;
    // Errors other than a provider's failure are caused by bugs or infrastructure, so retrying for long would not help.
    const most = failure === undefined ? Math.min(retry.attempts, LOCAL_ATTEMPTS) : retry.attempts;
    if (attempt < most && failure?.nonRetryable !== true) {
      const backoffMs = Math.min(retry.maximumMs, retry.initialMs * retry.factor ** (attempt - 1));
      const delayMs = isLocal ? 0 : (optionalMs(failure?.nextRetryDelay) ?? backoffMs);
      this.host.timers.at(this.host.now() + delayMs, () => this.call({ ...call, attempt: attempt + 1 }));
      return;
    }
    if (isLocal) throw new Error(`${name} failed: ${messageOf(thrown)}`, { cause: thrown });
    this.calls.delete(key);
    const cause = ensureTemporalFailure(thrown);
    const failed = new ActivityFailure(
      'Activity task failed',
      name,
      '',
      RetryState.MAXIMUM_ATTEMPTS_REACHED,
      '',
      cause,
    );
    this.resolve(call, { failed: { failure: failureOf(failed) } });
  }

  /** Cancels an activity whose result the workflow no longer needs. */
  private giveUp(seq: number, isLocal: boolean): void {
    if (!this.calls.delete(`${isLocal ? 'local' : 'normal'} ${seq}`)) return;
    const cause = new CancelledFailure('The run was cancelled.');
    const failed = new ActivityFailure('Activity cancelled', '', '', RetryState.CANCEL_REQUESTED, '', cause);
    this.resolve({ seq, isLocal }, { cancelled: { failure: failureOf(failed) } });
  }

  private resolve({ seq, isLocal }: Pick<ActivityCall, 'seq' | 'isLocal'>, result: Result): void {
    this.push({ resolveActivity: { seq, isLocal, result } });
  }

  private close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const seq of [...this.pendingTimers.keys()]) this.forgetTimer(seq);
    this.calls.clear();
    if (!this.isActive) this.host.during(() => this.workflow.dispose());
    this.resolveClosed();
  }
}

type Result = NonNullable<NonNullable<Job['resolveActivity']>['result']>;

const failureOf = (failure: ActivityFailure) =>
  defaultFailureConverter.errorToFailure(failure, defaultPayloadConverter) as never;

const optionalMs = (delay: unknown): number | undefined => (typeof delay === 'number' ? delay : undefined);
