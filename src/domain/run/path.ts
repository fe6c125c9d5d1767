/** A segment of a path such as `choose[1]`: a key and, for an entry of a list or an iteration, a number. */
export interface PathPart {
  key: string;
  index: number | null;
}

const PART = /^([A-Za-z_]+)(?:\[(\d+)\])?$/;

/** Splits the path of a step, e.g. `actions[0].choose[1].sequence[2]`. Returns null when it is not valid. */
export function parsePath(path: string): PathPart[] | null {
  const parts: PathPart[] = [];
  for (const text of path.split('.')) {
    const match = PART.exec(text);
    if (!match?.[1]) return null;
    parts.push({ key: match[1], index: match[2] === undefined ? null : Number(match[2]) });
  }
  return parts;
}

/** Returns every prefix of a path and the path itself, from the outermost to the innermost. */
export function prefixesOf(path: string): string[] {
  const parts = path.split('.');
  return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
}

/** Returns whether two paths are in different branches of one `parallel`. */
export function inSiblingBranches(one: string, other: string): boolean {
  const [first, second] = [one.split('.'), other.split('.')];
  const index = first.findIndex((part, at) => part !== second[at]);
  const isBranch = (part: string | undefined) => part !== undefined && parsePath(part)?.[0]?.key === 'parallel';
  return isBranch(first[index]) && isBranch(second[index]);
}
