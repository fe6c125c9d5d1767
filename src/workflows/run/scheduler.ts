import { CancellationScope, patched, sleep } from '@temporalio/workflow';
import type { CommandOutcome, NextCall, Stretched } from '../../domain/run/activities';
import type { BranchEnd, BranchStart, Command, Steps } from '../../domain/run/interpret/command';
import { FiberCancelled, StepFailed } from '../../domain/run/interpret/outcome';
import type { Branch } from '../../domain/run/interpret/progress';
import { callStep, failStep, performStretch, stopStretch, writeNotes } from './activities';
import { currentTask, nextPosition, takePosition } from './delivery-order';
import { createFiber, type Fiber, type Fork } from './fiber';
import { createTaskRequest } from './next-task';
import { ContinueLater } from './outcome';
import { delivered, durationOf, outcomeOf, takePerformed, type Delivery, type Reply } from './replies';
import type { RunState } from './run-state';
import { bytesOf, inputTooLarge, MAX_INPUT_BYTES, resultBytes, TaskRoom } from './task-room';

/**
 * Drives the step lists of a run. Each branch is a fiber: its generator yields a command, the command is issued, and
 * the generator is resumed with the answer. The only suspension point is in `run`. Deliveries are taken from `ready`
 * one at a time, in the order in which Temporal delivered them. Each delivery resumes one fiber, and everything that
 * follows, up to the last command that it issues, happens before the next delivery is taken. A history is therefore
 * replayed with the same commands in the same order, whether its completions arrive one by one or together.
 */
export class Scheduler {
  private readonly ready: Delivery[] = [];
  /** Number of activities and retry pauses in progress. A new execution could not wait for them. */
  private inProgress = 0;
  /** Fibers that wait for a wake, by path. */
  private readonly sleepers = new Map<string, Fiber>();
  private readonly wakes = new Set<string>();
  private draining = false;
  private outcome: Reply | null = null;
  private readonly room = new TaskRoom();
  /** Number of pauses and normal activities in progress. Their ends arrive in a later workflow task. */
  private outside = 0;
  private readonly requestTask = createTaskRequest((position, take) => this.deliver(position, take));

  /** `claimed` is the result of the claim. Its size counts towards the first workflow task. */
  constructor(
    private readonly state: RunState,
    claimed: unknown,
  ) {
    this.room.spend(bytesOf(claimed));
  }

  /** Wakes the fiber of a wait. If no fiber waits yet, the signal is kept. */
  wake(path: string): void {
    this.wakes.add(path);
    this.deliver(nextPosition(), () => this.wakeUp(path));
  }

  /** Requests that every wait of the run be evaluated again. */
  wakeAll(): void {
    this.deliver(nextPosition(), () => {
      for (const path of [...this.sleepers.keys()]) {
        this.wakes.add(path);
        this.wakeUp(path);
      }
    });
  }

  /** Runs steps to completion. Throws their errors, `ContinueLater`, and the cancellation of the workflow. */
  async run(steps: Steps, branch: Branch, ahead: CommandOutcome[] = [], nextCall?: NextCall): Promise<void> {
    this.outcome = null;
    const root = createFiber(steps, branch, null, ahead, nextCall);
    let cancellation: unknown;
    CancellationScope.current().cancelRequested.catch((error: unknown) => {
      cancellation = error;
      this.deliver(nextPosition(), () => this.cancel(root));
    });
    // A cancellation of the workflow is delivered separately, and cancels the fibers.
    await CancellationScope.nonCancellable(() => this.drain(root));
    const outcome = this.outcomeSoFar();
    if (outcome === null || 'value' in outcome) return;
    throw outcome.error instanceof FiberCancelled ? (cancellation ?? outcome.error) : outcome.error;
  }

  private outcomeSoFar(): Reply | null {
    return this.outcome;
  }

  private async drain(root: Fiber): Promise<void> {
    this.resume(root, { value: undefined });
    this.settle();
    while (this.outcome === null) {
      await delivered(this.ready);
      this.ready.sort((one, other) => one.position - other.position);
      const next = this.ready.shift();
      if (next && next.task !== null) this.room.begin(next.task);
      next?.take();
      this.settle();
    }
  }

  private deliver(position: number, take: () => void, isLocal = false): void {
    this.ready.push({ position, take, task: isLocal ? null : currentTask() });
  }

  /** After each delivery, issues held commands, writes notes that no activity will write, and ends a long execution. */
  private settle(): void {
    if (this.outcome === null && this.room.release()) this.requestTask();
    if (this.outcome !== null || this.inProgress > 0) return;
    if (this.draining) {
      this.outcome = { error: new ContinueLater() };
      return;
    }
    if (!this.state.hasNotes()) return;
    this.inProgress += 1;
    const scope = new CancellationScope({ cancellable: false });
    this.follow(scope, writeNotes(scope, this.state), () => this.state.endWriting(), true);
  }

  /** Adds a delivery to `ready` when an activity ends. */
  private follow(
    scope: CancellationScope,
    activity: Promise<unknown>,
    then: (reply: Reply) => void,
    isLocal: boolean,
  ): void {
    this.outside += isLocal ? 0 : 1;
    const take = (reply: Reply) => () => {
      this.inProgress -= 1;
      this.outside -= isLocal ? 0 : 1;
      then(reply);
    };
    const deliver = (reply: Reply) => this.deliver(takePosition(scope), take(reply), isLocal);
    activity.then(
      (value) => deliver({ value }),
      (error: unknown) => deliver({ error }),
    );
  }

  /** Resumes a fiber and issues the commands that it yields, up to the first command that must be waited for. */
  private resume(fiber: Fiber, first: Reply): void {
    let reply: Reply | null = first;
    while (reply !== null && !fiber.ended) {
      fiber.command = null;
      fiber.scope = null;
      let next: IteratorResult<Command, void>;
      try {
        if (fiber.cancelled) next = fiber.steps.throw(new FiberCancelled('The run was cancelled.'));
        else next = 'error' in reply ? fiber.steps.throw(reply.error) : fiber.steps.next(reply.value);
      } catch (error) {
        return this.end(fiber, { error });
      }
      if (next.done) return this.end(fiber, { value: undefined });
      fiber.command = next.value;
      reply = this.issue(fiber, next.value);
    }
  }

  private end(fiber: Fiber, outcome: Reply): void {
    fiber.ended = true;
    if (fiber.parent === null) {
      this.outcome = outcome;
      return;
    }
    const { fiber: parent, fork, index } = fiber.parent;
    if ('error' in outcome) {
      const { error } = outcome;
      if (error instanceof StepFailed) fork.ends[index] = { type: 'failed', error: error.error };
      else if (!fiber.cancelled) {
        fork.ends[index] = { type: 'unwound', by: error };
        fork.unwound = true;
        for (const sibling of fork.open) this.cancel(sibling);
      }
    }
    // The fiber is removed last: its cancelled siblings may end at once, and only the last to end resumes the parent.
    fork.open.delete(fiber);
    fork.vacant += 1;
    if (fork.starting) return;
    this.fill(parent, fork);
    if (fork.open.size === 0) this.resume(parent, { value: this.join(parent, fork) });
  }

  /** Throws `FiberCancelled` into a fiber. A pause ends at once; an activity in progress or a fork must end first. */
  private cancel(fiber: Fiber): void {
    if (fiber.ended || fiber.cancelled) return;
    fiber.cancelled = true;
    const { command, fork, scope } = fiber;
    if (fork !== null && fork.open.size > 0) {
      for (const child of fork.open) this.cancel(child);
      return;
    }
    scope?.cancel();
    if (!fiber.parked) stopStretch(command);
    const isPause = command?.type === 'sleep' || command?.type === 'wait';
    if (command === null || fiber.parked || isPause) this.interrupt(fiber);
  }

  /** Ends a pause, or an activity that has not begun, by resuming the fiber at once. */
  private interrupt(fiber: Fiber): void {
    const { command } = fiber;
    if (command?.type === 'wait' || command?.type === 'sleep') this.outside -= 1;
    if (command?.type === 'wait') this.sleepers.delete(command.path);
    if (command?.type === 'sleep' && command.retry) this.inProgress -= 1;
    this.resume(fiber, { value: undefined });
  }

  /** Issues a command. Returns the answer if it is available at once, otherwise null. */
  private issue(fiber: Fiber, command: Command): Reply | null {
    switch (command.type) {
      case 'note':
        this.state.note(command, fiber.ahead.length > 0);
        return { value: undefined };
      case 'evaluate':
      case 'perform':
        return this.stretch(fiber, command);
      case 'call':
        if (command.after !== null) return this.call(fiber, command);
        return takePerformed(command, fiber.ahead) ?? (this.park(fiber) ? null : this.call(fiber, command));
      case 'fail':
        return this.fail(fiber, command);
      case 'sleep':
        if (command.retry) this.inProgress += 1;
        this.outside += 1;
        return this.pause(fiber, command);
      case 'wait':
        if (this.wakes.delete(command.path)) return { value: undefined };
        this.outside += 1;
        this.sleepers.set(command.path, fiber);
        if (command.until !== null) this.pause(fiber, command);
        return null;
      case 'fork':
        return this.fork(fiber, command);
    }
  }

  /** If the history is long, holds a fiber back between two steps. Returns whether the fiber was held back. */
  private park(fiber: Fiber): boolean {
    this.draining ||= this.state.isLong();
    fiber.parked = this.draining;
    return fiber.parked;
  }

  /** Returns the outcome of a command from the current stretch. Begins a stretch and returns null if there is none. */
  private stretch(fiber: Fiber, command: Extract<Command, { type: 'evaluate' | 'perform' }>): Reply | null {
    const ready = fiber.ahead.shift();
    if (ready) return { value: outcomeOf(command, ready) };
    if (this.park(fiber)) return null;
    // Only branches reserve room: the run itself has at most one stretch in progress.
    const reserved = fiber.parent === null ? 0 : resultBytes(command.node);
    // What other branches wait for begins and ends only between workflow tasks.
    const mustYield = fiber.parent !== null && this.outside > 0 && this.room.isBusy();
    const issue = () => {
      // This evaluation includes the changes of earlier wakes. A wake during the evaluation requests another
      // evaluation.
      if (command.type === 'evaluate') this.wakes.delete(command.path);
      this.room.reserve(reserved);
      this.begin(fiber, command, reserved, true);
    };
    return this.whenItFits(fiber, reserved, issue, mustYield && patched('yield-between-stretches'));
  }

  /** Begins a stretch locally, or on a worker that has the missing filters or triggers. */
  private begin(
    fiber: Fiber,
    command: Extract<Command, { type: 'evaluate' | 'perform' }>,
    reserved: number,
    isLocal: boolean,
  ): void {
    this.start(
      fiber,
      (scope) => performStretch(scope, this.state, fiber.branch, command, !isLocal),
      (reply) => {
        this.room.settle(reserved, 'value' in reply ? bytesOf(reply.value) : 0);
        if (fiber.cancelled || 'error' in reply) return reply;
        const { done, ended, elsewhere, call } = reply.value as Stretched;
        this.room.count(done);
        if (elsewhere) {
          this.room.spend(this.state.inputBytes(fiber.branch));
          this.begin(fiber, command, 0, false);
          return null;
        }
        this.state.rowEnded ||= ended;
        const [first, ...ahead] = done;
        fiber.ahead = ahead;
        fiber.nextCall = call;
        return { value: outcomeOf(command, first) };
      },
      isLocal,
    );
  }

  /** Starts a normal activity. Its input is part of the workflow task, so the task must have room for it. */
  private call(fiber: Fiber, command: Extract<Command, { type: 'call' }>): null {
    const bytes = this.state.inputBytes(fiber.branch);
    if (bytes > MAX_INPUT_BYTES) {
      return this.fail(fiber, { ...command, type: 'fail', error: inputTooLarge(command.node, command.path, bytes) });
    }
    return this.whenItFits(fiber, bytes, () => {
      this.room.spend(bytes);
      const { branch, nextCall } = fiber;
      this.start(fiber, (scope) => callStep(scope, this.state, branch, command, nextCall), undefined, false);
    });
  }

  private fail(fiber: Fiber, command: Extract<Command, { type: 'fail' }>): null {
    return this.start(fiber, (scope) => failStep(scope, this.state, fiber.branch, command));
  }

  /** Issues a command, or holds it back until the workflow task has room, or with `mustYield` until the next task. */
  private whenItFits(fiber: Fiber, bytes: number, issue: () => void, mustYield = false): null {
    if (!mustYield && (this.room.fits(bytes) || !patched('split-workflow-tasks'))) {
      issue();
      return null;
    }
    fiber.parked = true;
    const { command } = fiber;
    // A call that takes over from a local attempt must be made here: a new execution would not repeat it.
    const hasBegun = command?.type === 'call' && command.after !== null;
    this.inProgress += hasBegun ? 1 : 0;
    this.room.hold({
      ...{ bytes, mustYield },
      isStale: () => fiber.command !== command,
      drop: () => void (this.inProgress -= hasBegun ? 1 : 0),
      issue: () => {
        // Commands that were not issued here are issued by the next execution.
        if (this.draining && !hasBegun) return;
        this.inProgress -= hasBegun ? 1 : 0;
        fiber.parked = false;
        issue();
      },
    });
    return null;
  }

  private start(
    fiber: Fiber,
    begin: (scope: CancellationScope) => Promise<unknown>,
    answer: (reply: Reply) => Reply | null = (reply) => reply,
    isLocal = true,
  ): null {
    const scope = new CancellationScope();
    fiber.scope = scope;
    this.inProgress += 1;
    const then = (reply: Reply) => {
      const answered = answer(reply);
      if (answered !== null) this.resume(fiber, answered);
    };
    this.follow(scope, begin(scope), then, isLocal);
    return null;
  }

  private pause(fiber: Fiber, command: Extract<Command, { type: 'sleep' | 'wait' }>): null {
    const scope = new CancellationScope();
    fiber.scope = scope;
    const { label } = command.node;
    const ms = durationOf(command);
    const summary = command.type === 'sleep' && command.retry ? `${label} · retry` : `${label} ${command.note}`;
    scope
      .run(() => sleep(ms, { summary }))
      .then(
        () => this.deliver(takePosition(scope), () => fiber.scope === scope && this.interrupt(fiber)),
        () => undefined,
      );
    return null;
  }

  private wakeUp(path: string): void {
    const fiber = this.sleepers.get(path);
    if (!fiber || !this.wakes.delete(path)) return;
    fiber.scope?.cancel();
    this.interrupt(fiber);
  }

  private fork(fiber: Fiber, command: Extract<Command, { type: 'fork' }>): Reply | null {
    const { branches, next = () => null } = command;
    const fork: Fork = { open: new Set(), ends: [], next, vacant: 0, starting: true, unwound: false };
    fiber.fork = fork;
    const children = branches.map((start) => this.branch(fiber, fork, start));
    for (const child of children) this.resume(child, { value: undefined });
    fork.starting = false;
    this.fill(fiber, fork);
    return fork.open.size === 0 ? { value: this.join(fiber, fork) } : null;
  }

  private branch(fiber: Fiber, fork: Fork, { steps, branch }: BranchStart): Fiber {
    const child = createFiber(steps, branch, { fiber, fork, index: fork.ends.length });
    fork.ends.push({ type: 'done' });
    fork.open.add(child);
    return child;
  }

  /** Starts a new branch for each branch that has ended. Loops, because a branch may end as soon as it starts. */
  private fill(fiber: Fiber, fork: Fork): void {
    fork.starting = true;
    for (; fork.vacant > 0 && !fork.unwound && !fiber.cancelled; fork.vacant -= 1) {
      const start = fork.next();
      if (start !== null) this.resume(this.branch(fiber, fork, start), { value: undefined });
    }
    fork.starting = false;
  }

  /** Returns the ends of all branches, once. Resuming twice would answer the fiber's next command with these ends. */
  private join(fiber: Fiber, fork: Fork): BranchEnd[] {
    if (fiber.fork !== fork) throw new Error(`The branches of ${fiber.branch.place || 'the run'} ended twice`);
    fiber.fork = null;
    return fork.ends;
  }
}
