import type { Executor } from '../../db/executor';
import type { NewRouting } from '../../db/routings';
import { admitRuns, type Admission } from '../../db/runs/admit';
import type { StartableRun } from '../../db/runs/start-queue';
import { refused } from '../gates/gates';
import {
  listed,
  namesOf,
  recordRefusal,
  routingOf,
  type Reason,
  type Survivor,
  type SurvivorDeps,
} from '../gates/survivors';

/** The decisions of a transaction, which are carried out after its commit. */
export interface AdmissionDecisions {
  admissions: { survivor: Survivor; admission: Admission }[];
  reasons: Reason[];
}

/**
 * Passes survivors through the concurrency gate. Survivors of one bucket are admitted in the given order. Returns each
 * survivor with its decision. A run takes a slot of this worker if one is free, and is started right after the commit;
 * other runs wait in the table. The caller releases the slots with `releaseSlots` if its transaction fails.
 */
export async function admitAll(
  { launcher }: Pick<SurvivorDeps, 'launcher'>,
  tx: Executor,
  survivors: readonly Survivor[],
): Promise<AdmissionDecisions['admissions']> {
  // Slots are reserved before the rows are written. For some seconds, other workers do not start a run whose row states
  // that its caller starts it, so such a row must not be written without a slot.
  for (const { request } of survivors) request.callerStarts = launcher.reserve(request.id, request.automationId);
  const admissions = await admitRuns(
    tx,
    survivors.map(({ request }) => request),
  );
  return survivors.flatMap((survivor, index) => {
    const admission = admissions[index];
    return admission === undefined ? [] : [{ survivor, admission }];
  });
}

/** Releases the slots of survivors whose transaction failed. */
export function releaseSlots({ launcher }: Pick<SurvivorDeps, 'launcher'>, survivors: readonly Survivor[]): void {
  for (const { request } of survivors) launcher.release(request.id);
}

/**
 * Starts the admitted runs and records the refusals. Call it after the commit. Returns how many of the admitted runs wait
 * in the table only because no slot was free.
 */
export function carryOut(deps: SurvivorDeps, { admissions, reasons }: AdmissionDecisions): number {
  const { launcher } = deps;
  for (const reason of reasons) recordRefusal(deps, reason);
  let waiting = 0;
  let hasReplaced = false;
  for (const { survivor, admission } of admissions) {
    const { candidate, request } = survivor;
    // A crash from here on loses the call to Temporal but not the run: the sweep of pending rows starts it.
    if (admission.admitted && admission.startNow && request.callerStarts === true) {
      launcher.launch(startable(survivor, admission), admission.replaced);
    } else {
      // The run waits in its bucket, was refused, or had no slot. If it had a slot, another run can use it.
      launcher.release(request.id);
      if (admission.admitted && admission.startNow) waiting += 1;
      hasReplaced ||= admission.admitted && admission.replaced.length > 0;
    }
    if (admission.admitted) deps.onOutcome('run');
    else if (admission.outcome !== 'duplicate') {
      const { outcome, detail } = admission;
      if (outcome === 'already_running' || outcome === 'max_runs') deps.overflow.dropped(candidate.automation, detail);
      const { contextKey } = request;
      recordRefusal(deps, {
        candidate,
        refusal: refused(outcome, detail),
        changeId: request.changeId ?? '',
        contextKey,
      });
    }
  }
  // `poke` also closes the executions of replaced runs. `pokeStarts` only starts runs, which is enough for those
  // without a slot.
  if (hasReplaced) launcher.poke();
  else if (waiting > 0) launcher.pokeStarts();
  return waiting;
}

type Admitted = Extract<Admission, { admitted: true }>;

/** Returns the rows of `routings` with the outcomes of the candidates. */
export function routingsOf({ admissions, reasons }: AdmissionDecisions): NewRouting[] {
  return [
    ...reasons.map(routingOf),
    ...admissions.flatMap(({ survivor: { candidate, request, held, counted }, admission }): NewRouting[] => {
      if (request.changeId === null) return [];
      const common = { ...namesOf(candidate), changeId: request.changeId, ...(counted && { counted }) };
      if (admission.admitted) {
        return [{ ...common, outcome: 'started', runId: request.id, deciding: listed(held()) }];
      }
      return admission.outcome === 'duplicate'
        ? []
        : [{ ...common, outcome: admission.outcome, detail: admission.detail }];
    }),
  ];
}

function startable({ candidate, request }: Survivor, { workflowId, row }: Admitted): StartableRun {
  return {
    id: request.id,
    automationId: request.automationId,
    automationName: candidate.automation.name,
    automationGroup: candidate.automation.group,
    version: request.version,
    mode: request.mode,
    triggerId: request.triggerId,
    triggerEvent: request.triggerEvent,
    contextKey: request.contextKey,
    ...{ workflowId, firstStretch: candidate.automation.firstStretch },
    wasLost: false,
    row,
  };
}
