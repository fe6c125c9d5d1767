import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  defaultFailureConverter,
  defaultPayloadConverter,
  RetryState,
} from '@temporalio/common';
import { msToTs, optionalTsToMs } from '@temporalio/common/lib/time';
import type { Workflow } from '@temporalio/worker/lib/workflow/interface';
import type { WorkflowSandbox } from '../../../src/cli/test/workflow-sandbox';
import { chance } from './oracle';

type Activation = Parameters<Workflow['activate']>[0];
export type Job = NonNullable<Activation['jobs']>[number];
type Command = NonNullable<NonNullable<Awaited<ReturnType<Workflow['activate']>>['successful']>['commands']>[number];
type Payload = ReturnType<typeof defaultPayloadConverter.toPayload>;

const RUN_ID = '00000000-0000-7000-8000-000000000001';
/** Number of deliveries after which an execution is abandoned. */
export const MAX_DELIVERIES = 400;

/** A job that Temporal delivered, and the command that the execution must have issued before the delivery. */
export interface Delivered {
  job: Job;
  /** The command that the job completes, e.g. `activity 3`. Null for signals and cancellations. */
  answers: string | null;
}

/** The commands of an execution, and the jobs that were delivered to it. */
export interface Course {
  /** Commands that the server or sdk-core acts on, as text and in order. */
  commands: string[];
  delivered: Delivered[];
}

/**
 * The result of an activity. `write` writes the activity's rows. It is not called if the activity is cancelled before
 * it starts.
 */
export type Answered = { result: unknown; write?: () => void } | { failure: string };
export type Answer = (name: string, input: unknown) => Promise<Answered>;

export interface Options {
  seed: number;
  answer: Answer;
  /** Index of the delivery that cancels the workflow. */
  cancelAt?: number;
  /** Index of the first delivery with a long history. A long history makes the execution continue as new. */
  longFrom?: number;
  setNow: (now: number) => void;
  /** Called by `runOneByOne` after each delivery that leaves no activity open. */
  onQuiet?: () => void;
}

const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const valueOf = (data: unknown): unknown => defaultPayloadConverter.fromPayload(data as Payload);

/** One execution of `automation` in the SDK's sandbox. */
class Driven {
  readonly issued = new Map<string, Command>();
  readonly commands: string[] = [];
  isClosed = false;

  private constructor(private readonly workflow: Workflow) {}

  static async start(sandbox: WorkflowSandbox): Promise<Driven> {
    const names = { workflowType: 'automation', workflowId: 'order', runId: RUN_ID, firstRunId: RUN_ID };
    const driven = new Driven(await sandbox.create(names, 0));
    await driven.activate([{ initializeWorkflow: init(names) }], 0, 1);
    return driven;
  }

  async activate(jobs: Job[], now: number, historyLength: number): Promise<Command[]> {
    const activation = { runId: RUN_ID, jobs, historyLength, timestamp: msToTs(now) };
    const { failed, successful } = await this.workflow.activate(activation);
    if (failed) throw new Error(`A workflow task failed: ${failed.failure?.message ?? ''}`);
    const commands = successful?.commands ?? [];
    for (const command of commands) this.note(command);
    return commands;
  }

  dispose(): Promise<void> {
    return this.workflow.dispose();
  }

  private note(command: Command): void {
    const { scheduleLocalActivity: local, scheduleActivity: normal, startTimer, cancelTimer } = command;
    const scheduled = local ?? normal;
    if (scheduled) this.issued.set(`activity ${scheduled.seq ?? 0}`, command);
    if (startTimer) this.issued.set(`timer ${startTimer.seq ?? 0}`, command);
    if (cancelTimer) this.issued.delete(`timer ${cancelTimer.seq ?? 0}`);
    const text = textOf(command);
    if (text !== null) this.commands.push(text);
    this.isClosed ||= /^(complete|fail|cancel|continue)/.test(text ?? '');
  }
}

function init({ workflowType, workflowId }: { workflowType: string; workflowId: string }) {
  return {
    ...{ workflowType, workflowId, attempt: 1, firstExecutionRunId: RUN_ID },
    arguments: [payload({ v: 1, runId: 'run' })] as never,
    startTime: msToTs(0),
  };
}

/**
 * Returns a command as text, or null if a history does not record it. Cancelling an activity that has ended is not
 * recorded. Durations are left out, because they are not compared.
 */
function textOf(command: Command): string | null {
  const { scheduleLocalActivity: local, scheduleActivity: normal } = command;
  if (local) return `local ${local.seq ?? 0} ${local.activityType ?? ''} ${args(local.arguments)}`;
  if (normal) return `normal ${normal.seq ?? 0} ${normal.activityType ?? ''} ${args(normal.arguments)}`;
  if (command.startTimer) return `timer ${command.startTimer.seq ?? 0}`;
  if (command.cancelTimer) return `untimer ${command.cancelTimer.seq ?? 0}`;
  if (command.completeWorkflowExecution) return 'complete';
  if (command.failWorkflowExecution) return 'fail';
  if (command.cancelWorkflowExecution) return 'cancel';
  if (command.continueAsNewWorkflowExecution) {
    return `continue ${args(command.continueAsNewWorkflowExecution.arguments)}`;
  }
  return null;
}

const args = (values: unknown): string => JSON.stringify(((values as unknown[] | null) ?? []).map(valueOf));

interface Pending extends Delivered {
  at: number;
  write?: () => void;
}

/** Runs an execution with one delivery per activation. */
export async function runOneByOne(sandbox: WorkflowSandbox, options: Options): Promise<Course> {
  const driven = await Driven.start(sandbox);
  const delivered: Delivered[] = [];
  const pending: Pending[] = [];
  let commands = [...driven.issued.values()];
  let now = 0;
  try {
    for (;;) {
      for (const command of commands) await enqueue(command, now, pending, options);
      if (driven.isClosed || delivered.length >= MAX_DELIVERIES) break;
      if (delivered.length === options.cancelAt) pending.push({ job: { cancelWorkflow: {} }, answers: null, at: now });
      pending.sort((one, other) => one.at - other.at);
      const next = pending.shift();
      if (!next) throw new Error(`The execution waits for nothing:\n${driven.commands.join('\n')}`);
      if (next.answers !== null && !driven.issued.delete(next.answers)) {
        commands = [];
        continue;
      }
      now = Math.max(now, next.at);
      options.setNow(now);
      delivered.push({ job: next.job, answers: next.answers });
      next.write?.();
      commands = await driven.activate([next.job], now, lengthAt(delivered.length - 1, options));
      const isBusy = commands.some(isActivity) || pending.some(({ answers }) => answers?.startsWith('activity'));
      if (!isBusy && !driven.isClosed) options.onQuiet?.();
    }
  } finally {
    await driven.dispose();
  }
  return { commands: driven.commands, delivered };
}

const isActivity = (command: Command): boolean => Boolean(command.scheduleLocalActivity ?? command.scheduleActivity);

const lengthAt = (index: number, { longFrom = Infinity }: Options): number => (index >= longFrom ? 10_000 : 10);

/**
 * Runs the execution again with the same deliveries. `sizes` returns the maximum number of deliveries in the next
 * activation. A delivery is added to an activation only if the execution has already issued the command that the
 * delivery completes.
 */
export async function runGrouped(
  sandbox: WorkflowSandbox,
  options: Options,
  { delivered }: Course,
  sizes: () => number,
): Promise<string[]> {
  const driven = await Driven.start(sandbox);
  try {
    for (let index = 0; index < delivered.length && !driven.isClosed;) {
      const length = lengthAt(index, options);
      const group: Job[] = [];
      for (const most = sizes(); group.length < most && index < delivered.length; index += 1) {
        const { job, answers } = delivered[index] as Delivered;
        const isFirst = group.length === 0;
        // Signals and cancellations start a new workflow task. A command that has not been issued cannot have ended.
        const fits = answers !== null && driven.issued.has(answers) && lengthAt(index, options) === length;
        if (!isFirst && !fits) break;
        if (isFirst && answers !== null && !driven.issued.has(answers)) {
          throw new Error(`${answers} is delivered, but its command was not issued:\n${driven.commands.join('\n')}`);
        }
        if (answers !== null) driven.issued.delete(answers);
        group.push(job);
        if (answers === null && 'cancelWorkflow' in job) {
          index += 1;
          break;
        }
      }
      await driven.activate(group, 0, length);
    }
  } finally {
    await driven.dispose();
  }
  return driven.commands;
}

async function enqueue(command: Command, now: number, pending: Pending[], options: Options): Promise<void> {
  const { scheduleLocalActivity: local, scheduleActivity: normal, startTimer } = command;
  if (startTimer) {
    const seq = startTimer.seq ?? 0;
    const ms = optionalTsToMs(startTimer.startToFireTimeout as never) ?? 0;
    pending.push({ job: { fireTimer: { seq } }, answers: `timer ${seq}`, at: now + ms });
  }
  const cancelled = command.requestCancelActivity ?? command.requestCancelLocalActivity;
  if (cancelled) cancelActivity(cancelled.seq ?? 0, command.requestCancelLocalActivity != null, now, pending);
  const scheduled = local ?? normal;
  if (!scheduled) return;
  const { seq = 0 } = scheduled as { seq?: number };
  const [input, fn] = ((scheduled.arguments ?? []) as unknown[]).map(valueOf);
  const takes = chance(`${options.seed} takes ${seq}`) * 20;
  const answers = `activity ${seq}`;
  const answer = await options.answer(String(fn), input);
  const result =
    'failure' in answer
      ? { failed: { failure: failureOf(answer.failure) } }
      : { completed: { result: payload(answer.result) as never } };
  const job = { resolveActivity: { seq, isLocal: local != null, result } };
  pending.push({ job, answers, at: now + takes, ...('write' in answer && { write: answer.write }) });
  wakeAfter(answer, now + takes + chance(`${options.seed} woken ${seq}`) * 60, pending);
}

/** Schedules the delivery of a wake if a stretch ended in a wait. */
function wakeAfter(answer: Answered, at: number, pending: Pending[]): void {
  const { done = [] } = Object('result' in answer ? answer.result : {}) as {
    done?: { at: string; evaluated?: { type: string; over?: boolean } }[];
  };
  const last = done.at(-1);
  if (last?.evaluated?.type !== 'wait' || last.evaluated.over !== false) return;
  const input = [payload({ runId: 'run', path: last.at })] as never;
  pending.push({ job: { signalWorkflow: { signalName: 'wake', input } }, answers: null, at });
}

function cancelActivity(seq: number, isLocal: boolean, now: number, pending: Pending[]): void {
  const answers = `activity ${seq}`;
  const at = pending.findIndex((each) => each.answers === answers);
  if (at < 0) return;
  pending.splice(at, 1);
  const cause = new CancelledFailure('cancelled');
  const failure = new ActivityFailure('Activity cancelled', 'any', '', RetryState.CANCEL_REQUESTED, '', cause);
  const reported = defaultFailureConverter.errorToFailure(failure, defaultPayloadConverter) as never;
  pending.push({
    job: { resolveActivity: { seq, isLocal, result: { cancelled: { failure: reported } } } },
    answers,
    at: now,
  });
}

const failureOf = (message: string) =>
  defaultFailureConverter.errorToFailure(
    new ActivityFailure(
      'Activity task failed',
      'any',
      '',
      RetryState.TIMEOUT,
      '',
      ApplicationFailure.create({ message }),
    ),
    defaultPayloadConverter,
  ) as never;
