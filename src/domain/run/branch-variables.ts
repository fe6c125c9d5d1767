import { sameJson } from '../entities/diff';

type Variables = Readonly<Record<string, unknown>>;

/** Returns the variables that are new or have changed since `before`. */
export function setSince(before: Variables, variables: Variables): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(variables).filter(([name, value]) => !Object.hasOwn(before, name) || !sameJson(before[name], value)),
  );
}

/**
 * Returns the variables after a `parallel`. Each branch has changed its own copy of the variables, and the changes are
 * merged in the order of the branches. If several branches have set a variable, the value of the last branch is used.
 */
export function mergeBranches(before: Variables, branches: readonly Variables[]): Record<string, unknown> {
  return Object.assign({ ...before }, ...branches.map((variables) => setSince(before, variables))) as Record<
    string,
    unknown
  >;
}
