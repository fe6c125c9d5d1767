/** The data of a run that a script can see. */
export interface ScriptInput {
  trigger: unknown;
  artifacts: Readonly<Record<string, unknown>>;
  variables: Readonly<Record<string, unknown>>;
  repeat: unknown;
  automation: unknown;
  /** Id of the run. Absent when a script is only being tried out. */
  runId?: string;
  contextKey?: string | null;
}

const MAX_NAMES = 1_000;
const MAX_BYTES = 131_072;
/** Maximum number of names in `FERMATA_OMITTED`. */
const MAX_LISTED = 50;

/**
 * Returns the scope as environment variables. Each string, number and boolean is named after its path in upper case,
 * e.g. `FERMATA_TRIGGER_PAYLOAD_SYSTEMID`, `FERMATA_ARTIFACT_OPEN_INCIDENT_INCIDENTID` or `FERMATA_VAR_OWNER`. List
 * items are numbered from 0. There are at most 1,000 variables, with a total size of at most 128 KB. Facts about the
 * run, variables and artifacts are added before the payload. `FERMATA_OMITTED` lists the names that did not fit or
 * whose values contain a zero byte, and is absent if there are none.
 */
export function shellEnv(scope: ScriptInput): Record<string, string> {
  const env: Record<string, string> = {};
  const omitted: string[] = [];
  let bytes = 0;
  const add = (name: string, value: unknown): void => {
    if (value === null || value === undefined) return;
    if (typeof value === 'object') {
      for (const [key, child] of Object.entries(value)) add(`${name}_${nameOf(key)}`, child);
      return;
    }
    const text = String(value as string);
    const size = name.length + Buffer.byteLength(text);
    // The operating system refuses values that contain a zero byte.
    if (Object.keys(env).length >= MAX_NAMES || bytes + size > MAX_BYTES || text.includes('\0')) {
      omitted.push(name);
      return;
    }
    bytes += size;
    env[name] = text;
  };
  for (const [name, value] of rootsOf(scope)) add(name, value);
  if (omitted.length > 0) env['FERMATA_OMITTED'] = listed(omitted);
  return env;
}

function rootsOf({ trigger, artifacts, variables, repeat, automation, runId, contextKey }: ScriptInput) {
  const { id, event, payload } = Object(trigger) as Record<string, unknown>;
  return [
    ['FERMATA_RUN_ID', runId],
    ['FERMATA_CONTEXT_KEY', contextKey],
    ['FERMATA_TRIGGER_ID', id],
    ['FERMATA_TRIGGER_EVENT', event],
    ['FERMATA_AUTOMATION', automation],
    ['FERMATA_VAR', variables],
    ['FERMATA_ARTIFACT', artifacts],
    ['FERMATA_REPEAT', repeat],
    ['FERMATA_TRIGGER_PAYLOAD', payload],
  ] as const;
}

/** Returns the first `MAX_LISTED` names as a list, followed by the number of remaining names. */
function listed(names: readonly string[]): string {
  const rest = names.length - MAX_LISTED;
  return names.slice(0, MAX_LISTED).join(' ') + (rest > 0 ? ` and ${rest} more` : '');
}

const nameOf = (key: string): string => key.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
