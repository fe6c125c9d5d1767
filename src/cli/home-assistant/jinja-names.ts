import { NotImported } from './not-imported';

/** An expression in Fermata's language. If `atomic` is true, it needs no parentheses inside another expression. */
export interface Code {
  text: string;
  atomic: boolean;
}

/** Determines how names in the templates of one automation are translated. */
export interface Names {
  /** Entity kind that stores the states from Home Assistant. */
  kind: string;
  /** Variables that the automation declares. */
  variables: ReadonlySet<string>;
}

const atom = (text: string): Code => ({ text, atomic: true });
const WORD = /^[A-Za-z_]\w*$/;

const LITERALS: Readonly<Record<string, string>> = {
  ...{ true: 'true', True: 'true', false: 'false', False: 'false', none: 'null', None: 'null', null: 'null' },
};

/** Returns the suffix that accesses a path of keys in an expression: `.name`, `[0]` or `["other name"]`. */
const keys = (path: readonly string[]): string =>
  path
    .map((key) => (WORD.test(key) ? `.${key}` : /^\d+$/.test(key) ? `[${key}]` : `[${JSON.stringify(key)}]`))
    .join('');

/** Returns the expression for a Home Assistant entity, which Fermata stores as an entity of the kind `kind`. */
export const entityExpression = ({ kind }: Pick<Names, 'kind'>, entityId: string): string =>
  `state${keys([kind])}[${JSON.stringify(entityId)}]`;

/** Returns the expression for an attribute of an entity, or for its state if no attribute is given. */
export const fieldExpression = (names: Pick<Names, 'kind'>, entityId: string, attribute?: string): string =>
  `${entityExpression(names, entityId)}${keys(attribute === undefined ? ['state'] : ['attributes', attribute])}`;

/**
 * Translates a name with its keys and arguments. Sources: https://www.home-assistant.io/docs/configuration/templating/
 * and https://www.home-assistant.io/docs/automation/templating/
 * @throws {NotImported} for a name without a counterpart
 */
export function expressionOf(path: readonly string[], args: readonly string[] | undefined, names: Names): Code {
  const [root = '', ...rest] = path;
  if (args !== undefined) return called(path, args, names);
  if (rest.length === 0 && Object.hasOwn(LITERALS, root)) return atom(LITERALS[root] as string);
  switch (root) {
    case 'states':
      return ofStates(rest, names);
    case 'trigger':
      return ofTrigger(rest);
    case 'repeat':
      return ofRepeat(rest);
    case 'wait':
      if (rest[0] === 'completed' && rest.length === 1) return atom('wait.completed');
      if (rest[0] === 'remaining' && rest.length === 1) return atom('wait.remainingSeconds');
      break;
    default:
      if (names.variables.has(root)) return atom(`variables${keys(path)}`);
  }
  throw new NotImported(`"${path.join('.')}" has no counterpart`);
}

function called(path: readonly string[], args: readonly string[], names: Names): Code {
  const [entity = '', ...values] = args;
  const name = path.join('.');
  const id = /^"[^"\\]*"$/.test(entity) ? (JSON.parse(entity) as string) : undefined;
  const text = values.map((value) => (/^"/.test(value) ? (JSON.parse(value) as string) : value));
  if (id !== undefined && name === 'states' && values.length === 0) return atom(fieldExpression(names, id));
  if (id !== undefined && name === 'state_attr' && values.length === 1)
    return atom(fieldExpression(names, id, text[0]));
  if (id !== undefined && name === 'is_state' && values.length === 1) {
    const operator = values[0]?.startsWith('[') ? 'in' : '==';
    return { text: `${fieldExpression(names, id)} ${operator} ${values[0] ?? ''}`, atomic: false };
  }
  if (id !== undefined && name === 'is_state_attr' && values.length === 2) {
    return { text: `${fieldExpression(names, id, text[0])} == ${values[1] ?? ''}`, atomic: false };
  }
  throw new NotImported(`${name}() has no counterpart`);
}

/**
 * Translates the path after `states`, as in `states.sensor.kitchen.state`.
 * @throws {NotImported} for paths other than states and attributes
 */
function ofStates([domain, object, member, ...more]: readonly string[], names: Names): Code {
  if (domain !== undefined && object !== undefined) {
    const id = `${domain}.${object}`;
    if (member === 'state' && more.length === 0) return atom(fieldExpression(names, id));
    if (member === 'attributes' && more[0] !== undefined)
      return atom(`${entityExpression(names, id)}${keys(['attributes', ...more])}`);
  }
  throw new NotImported('"states" is only read as states(\'domain.name\') or states.domain.name.state');
}

function ofTrigger(path: readonly string[]): Code {
  const [first, second, ...rest] = path;
  const side = first === 'to_state' ? 'next' : first === 'from_state' ? 'prev' : undefined;
  if (side !== undefined) {
    if (second === 'state' && rest.length === 0) return atom(`trigger.payload.${side}.state`);
    if (second === 'attributes') return atom(`trigger.payload.${side}.attributes${keys(rest)}`);
    if (second === 'entity_id') return atom('trigger.payload.id');
  }
  if (first === 'entity_id' && second === undefined) return atom('trigger.payload.id');
  if (first === 'id' && second === undefined) return atom('trigger.id');
  if (first === 'event' && second === 'data') return atom(`trigger.payload.data${keys(rest)}`);
  if (first === 'event' && second === 'event_type') return atom('trigger.payload.type');
  if (first === 'json' || first === 'data') return atom(`trigger.payload.body${keys(path.slice(1))}`);
  if (first === 'query') return atom(`trigger.payload.query${keys(path.slice(1))}`);
  throw new NotImported(`"trigger.${path.join('.')}" has no counterpart`);
}

/**
 * Translates a field of `repeat`. Iterations are numbered from 1 in Home Assistant and from 0 in Fermata.
 * @throws {NotImported} for fields other than `index`, `first`, `last` and `item`
 */
function ofRepeat([first, ...rest]: readonly string[]): Code {
  if (first === 'index' && rest.length === 0) return { text: 'repeat.index + 1', atomic: false };
  if (first === 'first' || first === 'last' || first === 'item') return atom(`repeat${keys([first, ...rest])}`);
  throw new NotImported(`"repeat.${first ?? ''}" has no counterpart`);
}
