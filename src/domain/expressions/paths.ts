import { isStaticKey, visitChains } from './chain';
import { placeOf } from './error';
import { expressionsOf, type ExpressionSource } from './expression-source';

/** A place in the scope that an expression reads. */
export interface ReadPath {
  /** Root and keys as far as they stand in the source: `artifacts.open.issue.issueKey` is four. */
  readonly segments: readonly (string | number)[];
  /** Whether that is the whole path; false when a key follows that is computed. */
  readonly complete: boolean;
  /** Where the path begins, 0-based offset and 1-based line and column in the source. */
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** Every path that the expressions read, in source order, also those inside computed keys. */
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
