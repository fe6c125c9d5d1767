/** A replacement for the characters from `from` up to `to`, in CodeMirror's format. */
interface ChangedPart {
  from: number;
  to: number;
  insert: string;
}

/** Returns the smallest replacement that turns one text into another. */
export function changedPart(before: string, after: string): ChangedPart {
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before[from] === after[from]) from += 1;
  let same = 0;
  while (same < shorter - from && before[before.length - 1 - same] === after[after.length - 1 - same]) same += 1;
  return { from, to: before.length - same, insert: after.slice(from, after.length - same) };
}
