import { childrenOf, type Expression, type Node } from './ast';
import { ExpressionError } from './error';
import { builtInFilters } from './filters/built-in-filters';
import type { FilterDefinition, FilterFunction } from './filters/filter';
import { nearest } from './nearest';

/** An entry in the list of filters. */
export interface FilterInfo {
  readonly name: string;
  readonly description: string;
  readonly builtIn: boolean;
}

export interface FilterRegistry {
  /**
   * Adds a filter. If its name is already used by a built-in or an earlier filter, or is not valid in an expression,
   * the filter is skipped with a warning.
   * @returns whether the filter was added
   */
  registerFilter(name: string, apply: FilterFunction, description: string): boolean;
  get(name: string): FilterFunction | undefined;
  names(): readonly string[];
  /** Returns all filters in alphabetical order. */
  list(): readonly FilterInfo[];
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Creates a registry with the built-in filters, to which plugins may add filters. */
export function createFilterRegistry(warn: (message: string) => void = () => undefined): FilterRegistry {
  const added = new Map<string, FilterDefinition>();
  const find = (name: string): FilterDefinition | undefined => builtInFilters.get(name) ?? added.get(name);
  const names = (): string[] => [...builtInFilters.keys(), ...added.keys()].sort();
  return {
    registerFilter: (name, apply, description) => {
      const problem = !NAME.test(name) ? 'is not a name' : find(name) !== undefined ? 'already exists' : undefined;
      if (problem !== undefined) {
        const kind = builtInFilters.has(name) ? ' as a built-in' : '';
        warn(`The filter "${name}" was skipped: it ${problem}${kind}`);
        return false;
      }
      added.set(name, { apply, description });
      return true;
    },
    get: (name) => find(name)?.apply,
    names,
    list: () =>
      names().map((name) => ({ name, description: find(name)?.description ?? '', builtIn: builtInFilters.has(name) })),
  };
}

/** The filters of a process without plugins. */
export const standardFilters: FilterRegistry = Object.freeze({
  ...createFilterRegistry(),
  registerFilter: () => false,
});

/** Returns the error for an unknown filter, with the most similar known filter. */
export function unknownFilter(name: string, registry: FilterRegistry, source: string, at: number): ExpressionError {
  const meant = nearest(name, registry.names());
  const hint = meant === undefined ? '' : `. Did you mean "${meant}"?`;
  return new ExpressionError(`Unknown filter "${name}"${hint}`, source, at);
}

/** Returns an error for every use of a filter that does not exist, without evaluating anything. */
export function checkFilters(expression: Expression, registry: FilterRegistry = standardFilters): ExpressionError[] {
  const errors: ExpressionError[] = [];
  const visit = (node: Node): void => {
    childrenOf(node).forEach(visit);
    if (node.kind === 'pipe' && registry.get(node.filter) === undefined) {
      errors.push(unknownFilter(node.filter, registry, expression.source, node.at));
    }
  };
  visit(expression.root);
  return errors;
}
