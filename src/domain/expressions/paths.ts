import { isStaticKey, visitChains } from './chain';
import { placeOf } from './error';
import { expressionsOf, type ExpressionSource } from './expression-source';

/** A path in the scope that an expression reads. */
export interface ReadPath {
  /** The root and the keys that are written in the source. `artifacts.open.issue.issueKey` has four segments. */
  readonly segments: readonly (string | number)[];
  /** Whether `segments` is the whole path. False when a computed key follows. */
  readonly complete: boolean;
  /** Start of the path: a 0-based offset, and a 1-based line and column in the source. */
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** Returns every path that the expressions read, in source order, including paths inside computed keys. */
export function extractPaths(source: ExpressionSource): readonly ReadPath[] {
  const paths: ReadPath[] = [];
  for (const expression of expressionsOf(source)) {
    visitChains(expression.root, ({ root, links }) => {
      const segments: (string | number)[] = [root.name];
      for (const { key } of links) {
        if (!isStaticKey(key)) break;
        segments.push(key);
      }
      const complete = segments.length === links.length + 1;
      paths.push({ segments, complete, offset: root.at, ...placeOf(expression.source, root.at) });
    });
  }
  return paths;
}
