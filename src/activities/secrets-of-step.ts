import { addBoundSecret } from '../edges/egress/bound-secrets';
import type { PluginSecrets } from '../integrations/plugin-secrets';
import { secretUse } from './action-config';
import type { ActivityDeps } from './deps';
import type { ActionStepOfRun } from './step';

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
