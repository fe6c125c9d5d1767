import { concurrencyRefusal } from '../../domain/gates/concurrency';
import { scopeKeyOf } from '../../domain/run/bucket';
import { runWorkflowId } from '../../domain/run/workflow-id';
import type { Executor } from '../executor';
import { inScope, lockBuckets, type Bucket } from './bucket';
import type { PendingRow } from './claim';
import { closeRuns, type ClosedRun, insertRuns, type RunInsert } from './run-states';
import { readStandings, type RunStanding } from './run-standings';
import type { RunRequest } from './run-request';

/**
 * The decision about a run. `startNow` is false for a run that must wait for other runs of its bucket, or that was
 * replaced by a later request in the same batch. `replaced` contains the runs that `restart` has ended and that may
 * have an execution. `row` is set if the caller starts the run.
 */
export type Admission =
  | { admitted: true; workflowId: string; startNow: boolean; replaced: ClosedRun[]; row?: PendingRow | undefined }
  | { admitted: false; outcome: 'already_running' | 'max_runs' | 'disabled' | 'duplicate'; detail: string };

/** Makes the concurrency decision for one run. See `admitRuns`. */
export async function admitRun(tx: Executor, request: RunRequest): Promise<Admission> {
  const [admission] = await admitRuns(tx, [request]);
  if (admission === undefined) throw new Error('The run was neither admitted nor refused.');
  return admission;
}

/**
 * Makes the concurrency decisions for several runs, in the caller's transaction and under the locks of all their
 * buckets. Inserts a `pending` row for each admitted run and ends the runs that `restart` replaces. Requests for one
 * bucket are decided in the given order, and each decision takes the previous decisions into account. Returns one
 * admission or refusal per request.
 */
export async function admitRuns(tx: Executor, requests: readonly RunRequest[]): Promise<Admission[]> {
  if (requests.length === 0) return [];
  const requested = requests.map((request) => ({ request, bucket: bucketOf(request) }));
  // The advisory locks of the buckets are taken in sorted order. From here until commit, no other transaction counts or
  // changes the active runs of these buckets. A row lock could not protect a bucket that has no row yet.
  await lockBuckets(
    tx,
    requested.map(({ bucket }) => bucket),
  );
  // The standings are read after the locks were taken, so that the commits of earlier lock holders are visible.
  const standings = await readStandings(tx, requested);
  const buckets = new Map<string, BucketState>();
  const rows: RunInsert[] = [];
  const admissions: Admission[] = [];
  const seen = new Set<string>();
  for (const [index, { request, bucket }] of requested.entries()) {
    const standing = standings[index] ?? { runnable: false, duplicate: false, active: 0, newest: null, slug: '' };
    const name = `${bucket.automationId}/${bucket.scopeKey}`;
    const state = buckets.get(name) ?? { ...standing, last: null, isClosed: false };
    buckets.set(name, state);
    const once = `${bucket.automationId}/${request.triggerId ?? ''}/${request.changeId ?? ''}`;
    // The same change may be routed twice (a redelivery, a crash). A duplicate within the batch is found in `seen`, an
    // earlier duplicate by its row.
    const isDuplicate = standing.duplicate || (request.changeId !== null && seen.has(once));
    const refusal = refusalOf(request, { ...standing, duplicate: isDuplicate, ...state });
    if (refusal) {
      admissions.push(refusal);
      continue;
    }
    seen.add(once);
    admissions.push(await admit(tx, { request, bucket, state, rows, slug: standing.slug }));
  }
  // One statement inserts all rows of the batch. The rows are `pending` until their executions claim them.
  const inserted = await insertRuns(tx, rows);
  for (const [index, admission] of admissions.entries()) {
    if (admission.admitted) admission.row = inserted.get(requests[index]?.id ?? '');
  }
  return admissions;
}

interface BucketRequest {
  request: RunRequest;
  bucket: Bucket;
}

/** State of a bucket while a batch is being decided. */
interface BucketState {
  active: number;
  newest: string | null;
  /** The last row and admission of this bucket in the batch, which a later `restart` in the batch replaces. */
  last: { row: RunInsert; admission: Admitted } | null;
  /** Whether the runs that were active before the batch have been closed by a `restart`. */
  isClosed: boolean;
}

type Admitted = Extract<Admission, { admitted: true }>;

const bucketOf = ({ automationId, scope, contextKey }: RunRequest): Bucket => ({
  automationId,
  scopeKey: scopeKeyOf(scope, contextKey),
});

/**
 * Admits one run. With `restart`, the run replaces the active runs of its bucket; with `queued`, it waits until the
 * active run has ended (`startNow` is false). The row is appended to `rows`; the caller inserts it.
 */
async function admit(
  tx: Executor,
  { request, bucket, state, rows, slug }: BucketRequest & { state: BucketState; rows: RunInsert[]; slug: string },
): Promise<Admission> {
  let replaced: ClosedRun[] = [];
  const startNow = request.mode !== 'queued' || state.active === 0;
  if (request.mode === 'restart' && state.active > 0) {
    const endedBy = { kind: 'replaced', runId: request.id, reason: `replaced by ${request.id}` };
    if (state.last !== null) {
      // The run to replace is in the same batch and has not started: its row records that it was replaced, and only the
      // last run of the batch is launched.
      replaced = state.last.admission.replaced;
      Object.assign(state.last.row, { endedBy, startNow: false });
      Object.assign(state.last.admission, { startNow: false, replaced: [] });
    } else if (!state.isClosed) {
      // The rows end in this transaction. Their executions are terminated after the commit, or by the sweep if this
      // process dies.
      replaced = await closeRuns(tx, inScope(bucket), endedBy, 'terminate');
    }
    state.isClosed = true;
    state.active = 0;
  }
  const workflowId = runWorkflowId(request, slug);
  const row: RunInsert = { request, scopeKey: bucket.scopeKey, workflowId, startNow, endedBy: null };
  const admission: Admitted = { admitted: true, workflowId, startNow, replaced };
  rows.push(row);
  Object.assign(state, { active: state.active + 1, newest: request.id, last: { row, admission } });
  return admission;
}

/**
 * Returns why a run is refused, or null when it is admitted. Checks for a disabled automation, then for a duplicate,
 * then the mode.
 */
function refusalOf(
  { mode, maxRuns }: RunRequest,
  { runnable, duplicate, active, newest }: RunStanding,
): Admission | null {
  if (!runnable) return { admitted: false, outcome: 'disabled', detail: 'The automation is disabled or deleted.' };
  if (duplicate) return { admitted: false, outcome: 'duplicate', detail: 'This change has already started a run.' };
  const outcome = concurrencyRefusal(mode, { active, maxRuns });
  if (outcome === null) return null;
  const detail =
    outcome === 'already_running'
      ? `Run ${newest ?? ''} is still active.`
      : `${active} of at most ${maxRuns} runs are active.`;
  return { admitted: false, outcome, detail };
}
