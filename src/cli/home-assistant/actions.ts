import { conditionOf, type ConditionContext } from './conditions';
import { expressionOfTemplate, templateOfText } from './jinja';
import { List, NotImported, type Note } from './not-imported';
import { triggersOf } from './triggers';
import { dataOf, durationOf, isMap, isTemplate, listOf, onlyKeys, secondsOf, switchOf, type Fragment } from './values';

/** Data about the automation and this service that the translation of steps needs. */
export interface StepContext extends ConditionContext {
  /** Returns whether this service has an action with a name. */
  hasAction: (name: string) => boolean;
}

/** Keys that every step in Home Assistant may have. */
const COMMON = ['alias', 'enabled', 'continue_on_error'];

type Translate = (step: Fragment, context: StepContext, notes: Note[]) => Fragment;

/**
 * Translators for the kinds of steps, by the key that identifies the kind. Source:
 * https://www.home-assistant.io/docs/scripts/
 */
const KINDS: Readonly<Record<string, Translate>> = {
  action: call,
  service: call,
  delay: (step, context) => ({ delay: durationOf(step['delay'], context) }),
  wait_template: waitTemplate,
  wait_for_trigger: waitForTrigger,
  choose,
  if: ifThen,
  repeat,
  parallel,
  sequence: (step, context) => ({ sequence: stepsOf(step['sequence'], context) }),
  variables: (step, context) => ({ variables: dataOf(step['variables'], context) }),
  stop,
  event: (step, context) => {
    onlyKeys(step, [...COMMON, 'event', 'event_data', 'event_data_template']);
    const data = step['event_data'] ?? step['event_data_template'];
    const more = data === undefined ? {} : { data: dataOf(data, context) };
    return { action: 'automation.emit_event', config: { type: dataOf(step['event'], context), ...more } };
  },
};

const CONDITION_KEYS = ['condition', 'and', 'or', 'not'];

/** Translates a list of steps. Steps without a counterpart become notes. */
export function stepsOf(written: unknown, context: StepContext): List {
  const list = new List();
  for (const step of listOf(written)) list.attempt(step, (notes) => stepOf(step, context, notes));
  return list;
}

function stepOf(step: unknown, context: StepContext, notes: Note[]): Fragment | undefined {
  if (typeof step === 'string') return { condition: conditionOf(step, context) };
  if (Array.isArray(step)) return { sequence: stepsOf(step, context) };
  if (!isMap(step)) throw new NotImported('it is not an action');
  const kind = Object.keys(KINDS).find((key) => Object.hasOwn(step, key));
  if (kind === undefined && CONDITION_KEYS.some((key) => key in step)) {
    const condition = conditionOf(step, context);
    return condition === null ? undefined : { ...described(step), condition };
  }
  const translate = kind === undefined ? undefined : KINDS[kind];
  if (!translate) throw new NotImported(`actions with ${Object.keys(step).join(', ')} have no counterpart`);
  return { ...described(step), ...switches(step, context), ...translate(step, context, notes) };
}

const described = ({ alias }: Fragment): Fragment => (typeof alias === 'string' ? { description: alias } : {});

function switches(step: Fragment, context: StepContext): Fragment {
  const { enabled, continue_on_error: goesOn } = step;
  const template = isTemplate(enabled) ? expressionOfTemplate(enabled, context) : switchOf(enabled);
  return {
    ...(enabled === undefined || template === undefined || template === true ? {} : { enabled: template }),
    ...(switchOf(goesOn) === true ? { continue_on_error: true } : {}),
  };
}

const LOG_LEVELS: Readonly<Record<string, string>> = { critical: 'error', fatal: 'error', notset: 'info' };

/**
 * Translates a Home Assistant service call.
 * @throws {NotImported} when no action corresponds to the service, or when a part of the step has no counterpart
 */
function call(step: Fragment, context: StepContext): Fragment {
  const name = step['action'] ?? step['service'];
  const data = step['data'] ?? step['data_template'] ?? {};
  if (name === 'system_log.write' && isMap(data)) {
    const { message, level = 'error' } = data;
    const text = String(level);
    return {
      action: 'automation.log',
      config: { message: templateOfText(String(message), context), level: LOG_LEVELS[text] ?? text },
    };
  }
  if (typeof name !== 'string' || !context.hasAction(name)) {
    throw new NotImported(
      `the action "${String(name)}" belongs to Home Assistant: call it with integration-webhook.send`,
    );
  }
  onlyKeys(step, [...COMMON, 'action', 'service', 'data', 'data_template']);
  return { action: name, config: dataOf(data, context) };
}

const timeoutOf = (step: Fragment, context: StepContext): Fragment =>
  step['timeout'] === undefined ? {} : { timeout_seconds: secondsOf(step['timeout'], context) };

/** Returns whether the run continues after a timeout, which is the default in Home Assistant. */
const goesOnAfterTimeout = (step: Fragment): boolean => switchOf(step['continue_on_timeout']) ?? true;

function waitTemplate(step: Fragment, context: StepContext): Fragment {
  onlyKeys(step, [...COMMON, 'wait_template', 'timeout', 'continue_on_timeout']);
  const condition = expressionOfTemplate(String(step['wait_template']), context);
  return {
    wait_until: { condition, ...timeoutOf(step, context), continue_on_timeout: goesOnAfterTimeout(step) },
  };
}

function waitForTrigger(step: Fragment, context: StepContext): Fragment {
  onlyKeys(step, [...COMMON, 'wait_for_trigger', 'timeout', 'continue_on_timeout']);
  const causes = listOf(step['wait_for_trigger']).flatMap((one) => triggersOf(one, context));
  const isDisabled = causes.some((cause) => 'enabled' in cause);
  if (causes.length === 0 || isDisabled) throw new NotImported('its trigger is disabled');
  if (causes.some((cause) => 'for' in cause)) throw new NotImported('a wait for a trigger cannot have "for"');
  if (causes.some(({ event }) => event === 'automation.cron')) {
    throw new NotImported('a wait for a time is written as delay, or as wait_until with a time condition');
  }
  // Any of these events ends the wait, whatever the run's context key is.
  const events = causes.map((cause, index) => ({
    ...(causes.length > 1 && { id: `trigger_${index}` }),
    ...{ ...cause, context_key: '*' },
  }));
  const end = { ...timeoutOf(step, context), continue_on_timeout: goesOnAfterTimeout(step) };
  return { wait_for_trigger: { ...(events.length === 1 ? events[0] : { triggers: events }), ...end } };
}

/**
 * Translates the condition of a branch. A condition without a counterpart becomes false, so that the branch does not
 * run.
 */
function whenOf(written: unknown, context: StepContext, notes: Note[]): unknown {
  try {
    const condition = conditionOf(listOf(written), context);
    return Array.isArray((condition as { and?: unknown }).and) ? (condition as { and: unknown }).and : condition;
  } catch (error) {
    if (!(error instanceof NotImported)) throw error;
    notes.push({ reason: `${error.message}. The condition is false until you write it`, fragment: written });
    return false;
  }
}

function choose(step: Fragment, context: StepContext): Fragment {
  onlyKeys(step, [...COMMON, 'choose', 'default']);
  const branches = new List();
  for (const option of listOf(step['choose'])) {
    if (!isMap(option)) throw new NotImported('a choice is not a map');
    branches.attempt(option, (inner) => ({
      when: whenOf(option['conditions'] ?? option['condition'], context, inner),
      sequence: stepsOf(option['sequence'], context),
    }));
  }
  if (branches.isEmpty) throw new NotImported('it has no choices');
  return { choose: branches, ...(step['default'] === undefined ? {} : { else: stepsOf(step['default'], context) }) };
}

function ifThen(step: Fragment, context: StepContext): Fragment {
  onlyKeys(step, [...COMMON, 'if', 'then', 'else']);
  const branches = new List();
  branches.attempt(step, (inner) => ({
    when: whenOf(step['if'], context, inner),
    sequence: stepsOf(step['then'], context),
  }));
  return { choose: branches, ...(step['else'] === undefined ? {} : { else: stepsOf(step['else'], context) }) };
}

function repeat(step: Fragment, context: StepContext): Fragment {
  const { repeat: written } = step;
  if (!isMap(written)) throw new NotImported('"repeat" is not a map');
  onlyKeys(written, ['count', 'for_each', 'while', 'until', 'sequence']);
  const sequence = stepsOf(written['sequence'], context);
  const { count, for_each: items } = written;
  if (count !== undefined) {
    const times = typeof count === 'number' ? count : expressionOfTemplate(String(count), context);
    return { repeat: { count: times, sequence } };
  }
  if (items !== undefined) {
    return {
      repeat: { for_each: isTemplate(items) ? expressionOfTemplate(items, context) : itemsOf(items), sequence },
    };
  }
  const form = written['while'] === undefined ? 'until' : 'while';
  if (written[form] === undefined) throw new NotImported('it has none of count, for_each, while and until');
  return { repeat: { [form]: conditionOf(listOf(written[form]), context), sequence } };
}

/**
 * Returns a fixed list as an expression.
 * @throws {NotImported} unless every item is a number, a boolean, or a string without templates
 */
function itemsOf(items: unknown): string {
  const isPlain = (one: unknown) => ['string', 'number', 'boolean'].includes(typeof one) && !isTemplate(one);
  if (!Array.isArray(items) || !items.every(isPlain)) {
    throw new NotImported('"for_each" over maps: put the list into "variables" and write its name');
  }
  return JSON.stringify(items);
}

function parallel(step: Fragment, context: StepContext): Fragment {
  const branches = stepsOf(step['parallel'], context);
  if (branches.isEmpty) throw new NotImported('none of its branches has a counterpart');
  return { parallel: branches };
}

function stop(step: Fragment, context: StepContext): Fragment {
  onlyKeys(step, [...COMMON, 'stop', 'error', 'response_variable']);
  const reason = templateOfText(String(step['stop'] ?? ''), context);
  return {
    stop: { reason: reason === '' ? 'stopped' : reason, ...(switchOf(step['error']) === true && { error: true }) },
  };
}
