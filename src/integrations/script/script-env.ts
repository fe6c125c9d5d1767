/** What a script can see of its run. */
export interface ScriptScope {
  trigger: unknown;
  artifacts: Readonly<Record<string, unknown>>;
  variables: Readonly<Record<string, unknown>>;
  repeat: unknown;
  automation: unknown;
}

const MOST_NAMES = 1_000;
const MOST_BYTES = 131_072;

/**
 * The scope as environment variables: each text, number and boolean below the trigger's payload, artifacts and variables, by
 * its way in capitals: `FERMATA_TRIGGER_PAYLOAD_SYSTEMID`, `FERMATA_ARTIFACT_OPEN_INCIDENT_INCIDENTID`, `FERMATA_VAR_OWNER`. Lists by
 * number. What is more than 1,000 names or 128 KB is left out; run_script gets everything as its context.
 */
export function shellEnv({ trigger, artifacts, variables }: ScriptScope): Record<string, string> {
  const env: Record<string, string> = {};
  let bytes = 0;
  const add = (name: string, value: unknown): void => {
    if (value === null || value === undefined || Object.keys(env).length >= MOST_NAMES) return;
    if (typeof value === 'object') {
      for (const [key, child] of Object.entries(value)) add(`${name}_${nameOf(key)}`, child);
      return;
    }
    const text = String(value as string);
    bytes += name.length + Buffer.byteLength(text);
    // The system refuses a value with a zero byte.
    if (bytes <= MOST_BYTES && !text.includes('\0')) env[name] = text;
  };
  add('FERMATA_TRIGGER_PAYLOAD', (Object(trigger) as { payload?: unknown }).payload);
  for (const [id, byName] of Object.entries(artifacts)) add(`FERMATA_ARTIFACT_${nameOf(id)}`, byName);
  for (const [name, value] of Object.entries(variables)) add(`FERMATA_VAR_${nameOf(name)}`, value);
  return env;
}

const nameOf = (key: string): string => key.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
