interface Place {
  /** Offset of the node's main token (its name, operator or key) in the source. */
  readonly at: number;
  /**
   * Number of levels from the node to its deepest leaf; 1 for a leaf. It bounds the recursion depth of walks over the
   * tree.
   */
  readonly height: number;
}

export type UnaryOperator = '!' | '-';
export type LogicalOperator = '&&' | '||';
export type BinaryOperator = '==' | '!=' | '<' | '>' | '<=' | '>=' | 'in' | '+' | '-' | '*' | '/' | '%';

export interface LiteralNode extends Place {
  readonly kind: 'literal';
  readonly value: number | string | boolean | null;
}
export interface NameNode extends Place {
  readonly kind: 'name';
  readonly name: string;
}
export interface ListNode extends Place {
  readonly kind: 'list';
  readonly items: readonly Node[];
}
/** A lookup whose key is written in the source: `.a`, `["a"]` and `[0]`. */
export interface MemberNode extends Place {
  readonly kind: 'member';
  readonly object: Node;
  readonly key: string | number;
}
/** A lookup whose key has to be evaluated: `[expression]`. */
export interface IndexNode extends Place {
  readonly kind: 'index';
  readonly object: Node;
  readonly index: Node;
}
export interface UnaryNode extends Place {
  readonly kind: 'unary';
  readonly op: UnaryOperator;
  readonly operand: Node;
}
export interface BinaryNode extends Place {
  readonly kind: 'binary';
  readonly op: BinaryOperator;
  readonly left: Node;
  readonly right: Node;
}
export interface LogicalNode extends Place {
  readonly kind: 'logical';
  readonly op: LogicalOperator;
  readonly left: Node;
  readonly right: Node;
}
export interface TernaryNode extends Place {
  readonly kind: 'ternary';
  readonly test: Node;
  readonly then: Node;
  readonly otherwise: Node;
}
export interface PipeNode extends Place {
  readonly kind: 'pipe';
  readonly input: Node;
  readonly filter: string;
  readonly args: readonly Node[];
}

export type Node =
  | LiteralNode
  | NameNode
  | ListNode
  | MemberNode
  | IndexNode
  | UnaryNode
  | BinaryNode
  | LogicalNode
  | TernaryNode
  | PipeNode;

/**
 * A parsed expression. `source` is the text to which the offsets in `root` refer. For a part of a template, this is the
 * whole template.
 */
export interface Expression {
  readonly source: string;
  readonly root: Node;
}

/** Returns the direct children of a node in source order. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'literal':
    case 'name':
      return [];
    case 'list':
      return node.items;
    case 'member':
      return [node.object];
    case 'index':
      return [node.object, node.index];
    case 'unary':
      return [node.operand];
    case 'binary':
    case 'logical':
      return [node.left, node.right];
    case 'ternary':
      return [node.test, node.then, node.otherwise];
    case 'pipe':
      return [node.input, ...node.args];
  }
}
