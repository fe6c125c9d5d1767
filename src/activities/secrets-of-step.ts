import { MASK } from '../domain/secrets/mask-values';
import { MIN_SECRET_LENGTH } from '../domain/secrets/min-length';
import { addBoundSecret } from '../edges/egress/bound-secrets';
import type { SecretsOfCall } from '../edges/egress/secrets-of-call';
import type { PluginSecrets } from '../integrations/plugin-secrets';
import { secretUse } from './action-config';
import type { ActivityDeps } from './deps';
import type { ActionStepOfRun, Step } from './step';

/**
 * Returns the reader of secrets that the call of a step requests by name. They count as used by the run, like the
 * secrets in its configuration: their bindings are checked, and they are recorded before a value is returned.
 */
export const secretsOfStep = ({ secrets }: ActivityDeps, step: ActionStepOfRun): PluginSecrets => ({
  async resolve(name) {
    const used = (await secrets.resolve(new Map([[name, secretUse(step, 'call')]]))).get(name);
    if (used === undefined) throw new Error(`The secret "${name}" was resolved without a value`);
    if (used.bound) addBoundSecret(used.bound);
    // The next step reads the secrets of the run, because this step does not add this secret to its state.
    delete step.state;
    await secrets.remember(step.names.runId, [used]);
    return used.value;
  },
});

/**
 * Returns the secrets of the call of a step. A credential that the call obtains counts as used by the run: it is stored
 * before it is used, and masked from then on. `persist` retries the write while Postgres is unreachable.
 */
export const credentialsOfStep = (
  { secrets, ids }: Pick<ActivityDeps, 'secrets' | 'ids'>,
  step: Pick<Step, 'names' | 'state' | 'mask'>,
  persist: (write: () => Promise<void>) => Promise<void>,
): SecretsOfCall => ({
  mask: (value, scope) => step.mask(value, scope),
  async add(value) {
    // A credential that is masked as a whole was stored before, unless it is a secret of the run.
    if (value.length < MIN_SECRET_LENGTH || step.mask(value) === MASK) return;
    const { runId } = step.names;
    const credential = { source: `obtained:${ids.next()}`, value };
    await persist(() => secrets.remember(runId, [credential]));
    const { state, mask } = step;
    if (state) step.state = { ...state, used: [...state.used, credential] };
    const larger = secrets.maskOf(runId, state?.secrets ?? [], [...(state?.used ?? []), credential]);
    // The previous mask may hide secrets that are not part of the state, e.g. those that a plugin has read.
    step.mask = (given, scope) => mask(larger(given, scope), scope);
  },
});
