/**
 * Returns the first field of a trigger config that the payload does not match, with the expected value. Returns
 * undefined if all fields match.
 */
export function mismatchOf(
  payload: Record<string, unknown>,
  config: Record<string, unknown>,
): [string, unknown] | undefined {
  return Object.entries(config).find(([field, wanted]) => {
    const values = [wanted].flat();
    if (field !== 'connectionId') return !values.includes(payload[field]);
    return !values.includes(payload['connectionId']) && !values.includes(payload['connectionName']);
  });
}

/**
 * Returns whether a payload may match any of the trigger configs. Values with templates are ignored, because they are
 * only known at run time.
 */
export function isWanted(payload: Record<string, unknown>, configs: readonly Record<string, unknown>[]): boolean {
  return configs.some((config) => {
    const plain = Object.entries(config).filter(([, wanted]) => !JSON.stringify(wanted).includes('{{'));
    return mismatchOf(payload, Object.fromEntries(plain)) === undefined;
  });
}
