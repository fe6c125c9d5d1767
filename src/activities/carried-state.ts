import type { SealedRunSecret } from '../db/secrets';
import type { StepStart, StoredArtifact } from '../db/runs/step-states';
import type { DeferredEnd } from './deferred-end';
import type { UsedSecret } from './run-secrets';

/** The artifacts and secrets of a run, as its steps have left them so far. */
export interface CarriedState {
  artifacts: readonly StoredArtifact[];
  /** Secrets that were read from the database. */
  secrets: readonly SealedRunSecret[];
  /** Secrets that steps of this stretch have stored. */
  used: readonly UsedSecret[];
}

/**
 * Carries the state of a run from one step of a stretch to the next, so that the next step does not read it. It is null
 * when it is not certain that nothing else has written artifacts or secrets of the run: this process must have written
 * or deferred the end of the previous step.
 */
export interface Carry {
  state: CarriedState | null;
  /** The last end that was deferred, whether or not it has been written since. */
  end: DeferredEnd | null;
}

/** The state of a run that has performed no step. */
export const NOTHING_CARRIED: CarriedState = { artifacts: [], secrets: [], used: [] };

/** Returns the state that `beginStep` has read. */
export const stateRead = ({ artifacts, secrets }: StepStart): CarriedState => ({ artifacts, secrets, used: [] });

/** Returns the start of a step that no attempt has begun, in a run with this state. */
export const startFrom = ({ artifacts, secrets }: CarriedState): StepStart => ({
  ...{ open: true, finished: null, attempts: 0, superseded: false, lastError: null },
  ...{ artifacts: [...artifacts], secrets: [...secrets], wait: null, decided: null },
});

/** Returns the secrets that are not stored for the run. */
export function notStored({ secrets, used }: CarriedState, more: readonly UsedSecret[]): UsedSecret[] {
  const stored = new Set([...secrets, ...used].map(({ source }) => source));
  return more.filter(({ source }) => !stored.has(source));
}

/**
 * Returns the state after a step has created an artifact. The artifact replaces an older artifact of the same action,
 * type and name.
 */
export function withArtifact(state: CarriedState, artifact: StoredArtifact | undefined): CarriedState {
  if (artifact === undefined) return state;
  const { actionId, type, name } = artifact;
  const others = state.artifacts.filter(
    (other) => other.actionId !== actionId || other.type !== type || other.name !== name,
  );
  return { ...state, artifacts: [...others, artifact] };
}
