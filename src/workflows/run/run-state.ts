import { CancellationScope, condition, setCurrentDetails, sleep, Trigger, workflowInfo } from '@temporalio/workflow';
import type { Claimed, Performance, Performed, StepInput } from '../../domain/run/activities';
import { setSince } from '../../domain/run/branch-variables';
import type { Resume } from '../../domain/run/messages';
import type { PlanNode } from '../../domain/run/plan';
import { pathsOf, type Stretch } from '../../domain/run/stretch';
import type { RunError, StepRecord, StepStatus } from '../../domain/run/step-record';
import { local } from './activities';
import { Details } from './details';
import { ContinueLater } from './outcome';

/** Events of a history after which a run goes on in a new execution; Temporal ends one at 51,200. */
const CONTINUE_AFTER = 8_000;

/** Clocks differ: what is due by ours may not be so for who looks, and must not be asked without a pause. */
const LEAST_PAUSE_MS = 250;

/** In so many turns of the microtask queue a branch that goes on shows a step, or has come to rest. */
const QUIET_TURNS = 20;

/** What all branches of an execution share. */
interface Shared {
  runId: string;
  journal: StepRecord[];
  /** Activities under way. */
  calls: number;
  inTurn: boolean;
  /** Resolved when every branch that was to go on has come to rest. */
  rested: Promise<void>;
  /** Counts what branches do. */
  beats: number;
  details: Details;
  ahead: Map<string, Performance>;
  /** Steps that have begun and not ended, by place. */
  open: Map<string, PlanNode>;
  positions: Map<string, number>;
  finished: Map<string, { error?: RunError }>;
  /** Branches under way, by place; '' = the run itself. */
  branches: Map<string, RunState>;
  /** Variables of branches that were under way in the execution before. */
  before: Record<string, Record<string, unknown>>;
  waitsBefore: Record<string, string>;
  /** Places of waits that were signalled. */
  wakes: Set<string>;
  continueAfter: number;
  /** Resolved when everyone is to stop at the next border. */
  draining: Trigger<void>;
  isDraining: boolean;
  rowEnded: boolean;
  failed: Resume['failed'];
}

/** What an execution carries between steps; each branch of a `parallel` has its own variables and loop. */
export class RunState {
  repeat: Record<string, unknown> | null = null;
  /** Place of the last wait of this branch. */
  wait: string | undefined;

  private constructor(
    private readonly shared: Shared,
    private readonly place: string,
    public variables: Record<string, unknown>,
  ) {
    this.wait = shared.waitsBefore[place];
    shared.branches.set(place, this);
  }

  static begin(
    runId: string,
    { variables, inTurn = false }: Claimed,
    { resume, continueAfter = CONTINUE_AFTER }: { resume?: Resume; continueAfter?: number },
    wakes: Set<string>,
  ): RunState {
    const shared: Shared = {
      runId,
      journal: resume?.journal ?? [],
      calls: 0,
      inTurn,
      rested: Promise.resolve(),
      beats: 0,
      details: new Details(resume?.details),
      ahead: new Map(),
      open: new Map(),
      positions: new Map(Object.entries(resume?.positions ?? {})),
      finished: new Map(Object.entries(resume?.finished ?? {})),
      branches: new Map(),
      before: resume?.variables ?? {},
      waitsBefore: resume?.waits ?? {},
      wakes,
      continueAfter,
      draining: new Trigger<void>(),
      isDraining: false,
      rowEnded: false,
      failed: resume?.failed,
    };
    return new RunState(shared, '', shared.before[''] ?? variables);
  }

  get runId(): string {
    return this.shared.runId;
  }

  /** The run's row has ended with its last stretch. */
  get ended(): boolean {
    return this.shared.rowEnded;
  }

  /** What the run failed with, while `on_failure` runs. */
  get failed(): Resume['failed'] {
    return this.shared.failed;
  }

  set failed(failed: Resume['failed']) {
    this.shared.failed = failed;
  }

  /** A branch with variables of its own. */
  fork(place: string): RunState {
    const { before, branches } = this.shared;
    const own = before[place];
    const variables = own === undefined ? this.variables : { ...branches.get('')?.variables, ...own };
    const branch = new RunState(this.shared, place, variables);
    branch.repeat = this.repeat;
    branch.wait ??= this.wait;
    return branch;
  }

  /** How a branch ended, also in the execution before; undefined = it has not. */
  finished(place: string): { error?: RunError } | undefined {
    return this.shared.finished.get(place);
  }

  finish(place: string, outcome: { error?: RunError }): void {
    this.shared.beats += 1;
    this.shared.finished.set(place, outcome);
  }

  /** Next index of a list, or iteration of a `repeat`, under way. */
  position(place: string): number {
    return this.shared.positions.get(place) ?? 0;
  }

  /** A border between steps. Throws when the execution is to end here and go on in a new one. */
  reach(place: string, position: number, isAhead = false): void {
    this.shared.beats += 1;
    this.shared.positions.set(place, position);
    if (isAhead) return;
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    if (continueAsNewSuggested || historyLength >= this.shared.continueAfter) this.drain();
    if (this.shared.isDraining) throw new ContinueLater();
  }

  private drain(): void {
    this.shared.isDraining = true;
    this.shared.draining.resolve();
  }

  /** Forgets positions and branches below a place that was left. */
  leave(place: string): void {
    this.shared.beats += 1;
    for (const map of [this.shared.positions, this.shared.finished, this.shared.branches]) {
      for (const key of map.keys()) if (key !== '' && key.startsWith(place)) map.delete(key);
    }
  }

  /** Sleeps; a border as well, so throws when the execution is to end. */
  async pause(ms: number, summary: string): Promise<void> {
    await this.border(() => sleep(ms, { summary }));
  }

  forgetWake(path: string): void {
    this.shared.wakes.delete(path);
  }

  /** Until a wait is signalled, or until an instant. */
  async untilWoken(path: string, until: number | null, summary: string): Promise<void> {
    const { wakes } = this.shared;
    await this.border(() =>
      CancellationScope.cancellable(async () => {
        const left = until === null ? null : Math.max(until - Date.now(), LEAST_PAUSE_MS);
        const woken = condition(() => wakes.has(path));
        await (left === null ? woken : Promise.race([woken, sleep(left, { summary })]));
        CancellationScope.current().cancel();
      }),
    );
  }

  /** Waits for something that a new execution can wait for again. */
  async border<T>(wait: () => Promise<T>): Promise<T> {
    const notes = this.writeNotes();
    if (notes) await notes;
    const scope = new CancellationScope();
    const waiting = scope.run(wait);
    const drained = this.shared.draining.then(() => 'drained' as const);
    const first = await Promise.race([waiting.then((value) => ({ value })), drained]);
    if (first !== 'drained') return first.value;
    scope.cancel();
    await waiting.catch(() => undefined);
    throw new ContinueLater();
  }

  /** Of a branch what it has set: copies of all for each branch would be more than an input may be. */
  private own(place: string, variables: Record<string, unknown>): Record<string, unknown> {
    const whole = this.shared.branches.get('')?.variables;
    return place === '' || whole === undefined ? variables : setSince(whole, variables);
  }

  /** Where a new execution goes on. */
  snapshot(): Resume {
    const { positions, finished, branches, failed, details } = this.shared;
    return {
      positions: Object.fromEntries(positions),
      variables: Object.fromEntries([...branches].map(([place, { variables }]) => [place, this.own(place, variables)])),
      finished: Object.fromEntries(finished),
      waits: Object.fromEntries(
        [...branches].flatMap(([place, { wait }]) => (wait === undefined ? [] : [[place, wait]])),
      ),
      ...(failed === undefined ? {} : { failed }),
      journal: this.takeJournal(),
      details: details.snapshot(),
    };
  }

  /** Shows a step's state in the Web UI. */
  show(path: string, node: PlanNode, status: StepStatus, note?: string): void {
    this.shared.beats += 1;
    const { details, open } = this.shared;
    if (status === 'running' || status === 'waiting') open.set(path, node);
    else open.delete(path);
    details.set(path, node.label, status, note);
    setCurrentDetails(details.markdown());
  }

  /** Notes a step's state for its row, to be written by the next activity, and shows it. */
  note(path: string, node: PlanNode, status: StepStatus, more: { result?: unknown; error?: RunError } = {}): void {
    this.shared.journal.push({
      path,
      actionId: node.id,
      kind: node.kind,
      action: node.kind === 'action' ? node.action : null,
      status,
      ...more,
    });
    this.show(path, node, status, more.error?.message);
  }

  /** Notes as ended what is still open below a place. */
  cancelBelow(place: string): void {
    for (const [path, node] of [...this.shared.open]) if (path.startsWith(place)) this.note(path, node, 'cancelled');
  }

  /** Input of the next step activity; what was noted goes with it. */
  input(path: string): StepInput {
    return { ...this.stepsInput(), path };
  }

  /** What the input of every step activity has; what was noted goes with it. */
  stepsInput(): Omit<StepInput, 'path'> {
    const { runId, failed } = this.shared;
    const more = {
      ...(this.wait === undefined ? {} : { wait: this.wait }),
      ...(failed === undefined ? {} : { error: failed.error }),
    };
    return { runId, variables: this.variables, repeat: this.repeat, journal: this.takeJournal(), ...more };
  }

  /** Keeps what a stretch gave until its steps have their turn. */
  keep(stretch: Stretch, { performances, ended }: Performed): void {
    const paths = pathsOf(stretch);
    for (const [index, performance] of performances.entries()) this.shared.ahead.set(paths[index] ?? '', performance);
    this.shared.rowEnded ||= ended;
  }

  /** Whether a step was performed in a stretch and had no turn yet. */
  isAhead(path: string): boolean {
    return this.shared.ahead.has(path);
  }

  /** What a step gave that was performed in a stretch. */
  takeAhead(path: string): Performance {
    const performance = this.shared.ahead.get(path);
    if (!performance) throw new Error(`Nothing was performed at ${path}`);
    this.shared.ahead.delete(path);
    return performance;
  }

  /** Counts an activity as under way. Beside other branches its own goes on in turn. */
  calling<T>(activity: Promise<T>): Promise<T> {
    const { inTurn, branches } = this.shared;
    this.shared.calls += 1;
    if (inTurn && branches.size > 1) return this.inTurn(activity);
    const ended = () => void (this.shared.calls -= 1);
    activity.then(ended, ended);
    // The same promise: a turn of the queue more would change the order of commands of old histories.
    return activity;
  }

  /**
   * Local activities that ended one after another are told one by one in the first execution and together in a replay. So that
   * their branches schedule what is next in the same order, each waits until those before it have come to rest.
   */
  private async inTurn<T>(activity: Promise<T>): Promise<T> {
    try {
      return await activity;
    } finally {
      this.shared.rested = this.shared.rested.then(() => this.quiet());
      await this.shared.rested;
      this.shared.calls -= 1;
    }
  }

  private async quiet(): Promise<void> {
    for (let before = -1; before !== this.shared.beats;) {
      before = this.shared.beats;
      for (let turn = 0; turn < QUIET_TURNS; turn += 1) await Promise.resolve();
    }
  }

  /**
   * Writes what was noted, when no activity is under way that another one will follow: all that is left of the run may wait for a
   * month. null = there is nothing to write.
   */
  writeNotes(): Promise<void> | null {
    const { runId, journal, calls, inTurn } = this.shared;
    if (journal.length === 0 || calls > 0 || !inTurn) return null;
    return CancellationScope.nonCancellable(() =>
      this.calling(local('notes').writeNotes({ runId, journal: this.takeJournal() })),
    );
  }

  takeJournal(): StepRecord[] {
    return this.shared.journal.splice(0);
  }
}
