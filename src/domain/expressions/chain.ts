import { childrenOf, type IndexNode, type MemberNode, type NameNode, type Node } from './ast';

/** A lookup in a chain: its key, or the node that computes the key. */
export interface ChainLink {
  readonly key: string | number | Node;
  readonly node: MemberNode | IndexNode;
}

/** Consecutive lookups that start at a name: `state.incident[x].status`. */
export interface Chain {
  readonly root: NameNode;
  readonly links: readonly ChainLink[];
}

/** Returns whether a key of a chain is written in the source. */
export function isStaticKey(key: string | number | Node | undefined): key is string | number {
  return typeof key === 'string' || typeof key === 'number';
}

/** Returns the chain that ends in this node, or undefined when it does not start at a name. */
export function chainOf(node: Node): Chain | undefined {
  const links: ChainLink[] = [];
  let at = node;
  while (at.kind === 'member' || at.kind === 'index') {
    links.push({ key: at.kind === 'member' ? at.key : at.index, node: at });
    at = at.object;
  }
  return at.kind === 'name' ? { root: at, links: links.reverse() } : undefined;
}

/**
 * Visits every chain in a tree at its full length and in source order. This includes chains inside the keys of other
 * chains.
 */
export function visitChains(node: Node, visit: (chain: Chain) => void): void {
  const chain = chainOf(node);
  if (chain === undefined) {
    for (const child of childrenOf(node)) visitChains(child, visit);
    return;
  }
  visit(chain);
  for (const { key } of chain.links) if (!isStaticKey(key)) visitChains(key, visit);
}
