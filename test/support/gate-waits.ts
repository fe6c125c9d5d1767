/**
 * Returns an automation whose runs wait until a gate is open. The gate is the entity of kind `gate` that their event
 * names.
 * @param timeoutSeconds timeout of the wait
 */
export const waitsAtGate = (timeoutSeconds: number): string => `
name: waits
mode: parallel
max_runs: 1000
triggers: [{ event: automation.event, config: { type: wait } }]
actions:
  - { wait_until: { condition: "state.gate[trigger.payload.data.gate].open == true", timeout_seconds: ${timeoutSeconds} } }
  - { action: automation.log, config: { message: through } }
`;
