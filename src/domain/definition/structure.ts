import type { z } from 'zod';
import { nearest } from '../expressions/nearest';
import { foundValue } from '../validation/found-value';
import { ACTION_FORMS, ActionStep, AWAITED_FORMS, REPEAT_FORMS } from './action';
import { ACTION_KINDS, kindKeys } from './action-kind';
import { Condition, CONDITION_FORMS, State, STATE_FORMS } from './condition';
import { Duration, DURATION_FORMS, DwellDuration, DWELL_FORMS } from './duration';
import { type PickBranch, type RawFinding, structureFindings } from './issues';
import { homeAssistantConditionHint, homeAssistantHint } from './home-assistant-words';
import { isMap } from './plain-map';
import { Definition } from './schema';
import { knownKeys, unwrap } from './schema-at';

/**
 * Returns a hint for the message about a step without a kind: what to write instead of a Home Assistant word, or the
 * kind that was probably meant, if exactly one key resembles a kind. Returns "" when there is no hint.
 */
function misspeltKind(value: Record<string, unknown>): string {
  const known = knownKeys(ACTION_FORMS.delay);
  const common = new Set(known);
  for (const key of Object.keys(value)) {
    const foreign = homeAssistantHint(key, known);
    if (foreign !== undefined && key !== 'alias') return `. Unknown key "${key}": ${foreign}`;
  }
  const guesses = Object.keys(value)
    .filter((key) => !common.has(key))
    .flatMap((key) => {
      const meant = nearest(key, ACTION_KINDS);
      return meant === undefined ? [] : [`. Did you mean "${meant}" by "${key}"?`];
    });
  return guesses.length === 1 ? (guesses[0] ?? '') : '';
}

const pickAction: PickBranch = (value) => {
  if (!isMap(value))
    return { code: 'invalid_type', message: `Expected an action (a map), got ${foundValue(value, false)}` };
  const kinds = kindKeys(value);
  const [kind] = kinds;
  if (kind === undefined) {
    const hint = misspeltKind(value);
    return { code: 'no_kind', message: `An action needs exactly one of ${ACTION_KINDS.join(', ')}${hint}` };
  }
  if (kinds.length === 1) return ACTION_FORMS[kind];
  const names = kinds.map((name) => `"${name}"`).join(' and ');
  return {
    code: 'two_kinds',
    message: `An action has exactly one kind, but this one has ${names}: write separate actions`,
  };
};

const pickCondition: PickBranch = (value) => {
  if (!isMap(value)) return undefined;
  const known = Object.keys(CONDITION_FORMS) as (keyof typeof CONDITION_FORMS)[];
  const kinds = known.filter((kind) => Object.hasOwn(value, kind));
  const [kind] = kinds;
  // A condition of Home Assistant names its kind under `condition`; its key `state` is a string.
  const isForeign = Object.hasOwn(value, 'condition');
  if (kind !== undefined && kinds.length === 1 && !isForeign) return CONDITION_FORMS[kind];
  if (kinds.length > 1) {
    const names = kinds.map((name) => `"${name}"`).join(' and ');
    return {
      code: 'two_kinds',
      message: `A condition has exactly one kind, but this one has ${names}: join them with "and"`,
    };
  }
  const [key] = Object.keys(value);
  const foreign = homeAssistantConditionHint(Object.keys(value));
  const meant = key === undefined ? undefined : nearest(key, known);
  const hint = foreign !== undefined ? `. ${foreign}` : meant === undefined ? '' : `. Did you mean "${meant}"?`;
  return { code: 'no_kind', message: `A condition is an expression or one of ${known.join(', ')}${hint}` };
};

const pickRepeat: PickBranch = (value) => {
  if (!isMap(value)) return undefined;
  const known = Object.keys(REPEAT_FORMS) as (keyof typeof REPEAT_FORMS)[];
  const kinds = known.filter((kind) => Object.hasOwn(value, kind));
  const [kind] = kinds;
  if (kind !== undefined && kinds.length === 1) return REPEAT_FORMS[kind];
  const names = kinds.map((name) => `"${name}"`).join(' and ');
  const guesses = Object.keys(value).flatMap((key) => nearest(key, known) ?? []);
  const hint = guesses.length === 1 ? `. Did you mean "${guesses[0]}"?` : '';
  const given = kinds.length > 1 ? `, this one has ${names}` : hint;
  return {
    code: kinds.length > 1 ? 'two_kinds' : 'no_kind',
    message: `A repeat needs exactly one of ${known.join(', ')}${given}`,
  };
};

const pickDurationOf =
  (forms: typeof DURATION_FORMS | typeof DWELL_FORMS): PickBranch =>
  (value) => {
    if (typeof value === 'string') return forms.text;
    if (typeof value === 'number') {
      return {
        code: 'invalid_type',
        message: `${value} has no unit: write {seconds: ${value}}, or a string such as "5m"`,
      };
    }
    if (!isMap(value)) return undefined;
    return Object.hasOwn(value, 'template') ? forms.template : forms.units;
  };

const pickAwaited: PickBranch = (value) => {
  if (!isMap(value)) return undefined;
  return Object.hasOwn(value, 'triggers') ? AWAITED_FORMS.any : AWAITED_FORMS.one;
};

const pickState: PickBranch = (value) => {
  if (!isMap(value)) return undefined;
  const ofEntity = ['kind', 'id', 'field', 'equals'].some((key) => Object.hasOwn(value, key));
  return ofEntity && !Object.hasOwn(value, 'entity') ? STATE_FORMS.entity : STATE_FORMS.health;
};

const PICKS: ReadonlyMap<z.core.$ZodType, PickBranch> = new Map([
  [unwrap(ActionStep), pickAction],
  [unwrap(Condition), pickCondition],
  [unwrap(ACTION_FORMS.repeat.shape.repeat), pickRepeat],
  [unwrap(Duration), pickDurationOf(DURATION_FORMS)],
  [unwrap(DwellDuration), pickDurationOf(DWELL_FORMS)],
  [unwrap(State), pickState],
  [unwrap(ACTION_FORMS.wait_for_trigger.shape.wait_for_trigger), pickAwaited],
]);

/** Parses the structure of a document. Every violation becomes a finding with its path. */
export function parseStructure(input: unknown): { definition?: Definition; findings: RawFinding[] } {
  const parsed = Definition.safeParse(input);
  if (parsed.success) return { definition: parsed.data, findings: [] };
  return {
    findings: structureFindings(parsed.error.issues, { root: input, schema: Definition, prefix: [], picks: PICKS }),
  };
}

/** Checks a config against the registered schema and returns the findings. `prefix` is the path of the config. */
export function configFindings(schema: z.ZodType, config: unknown, prefix: RawFinding['path']): RawFinding[] {
  const parsed = schema.safeParse(config);
  if (parsed.success) return [];
  return structureFindings(parsed.error.issues, { root: config, schema, prefix, picks: new Map() });
}
