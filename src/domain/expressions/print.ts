import type { BinaryOperator, Expression, LogicalOperator, Node } from './ast';

const TERNARY = 1;
const PIPE = 2;
const UNARY = 9;
const POSTFIX = 10;
const LEVEL: Readonly<Record<BinaryOperator | LogicalOperator, number>> = {
  '||': 3,
  '&&': 4,
  '==': 5,
  '!=': 5,
  '<': 6,
  '>': 6,
  '<=': 6,
  '>=': 6,
  in: 6,
  '+': 7,
  '-': 7,
  '*': 8,
  '/': 8,
  '%': 8,
};
const NAME = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\\': '\\\\', '"': '\\"' };

function printText(text: string): string {
  return `"${text.replace(/[\n\t\r\\"]/g, (char) => ESCAPES[char] ?? char)}"`;
}

function levelOf(node: Node): number {
  switch (node.kind) {
    case 'ternary':
      return TERNARY;
    case 'pipe':
      return PIPE;
    case 'logical':
    case 'binary':
      return LEVEL[node.op];
    case 'unary':
      return UNARY;
    case 'literal':
    case 'name':
    case 'list':
    case 'member':
    case 'index':
      return POSTFIX;
  }
}

function printBare(node: Node): string {
  switch (node.kind) {
    case 'literal':
      return typeof node.value === 'string' ? printText(node.value) : String(node.value);
    case 'name':
      return node.name;
    case 'list':
      return `[${node.items.map((item) => print(item, TERNARY)).join(', ')}]`;
    case 'member': {
      const object = print(node.object, POSTFIX);
      if (typeof node.key === 'number') return `${object}[${String(node.key)}]`;
      return NAME.test(node.key) ? `${object}.${node.key}` : `${object}[${printText(node.key)}]`;
    }
    case 'index':
      return `${print(node.object, POSTFIX)}[${print(node.index, TERNARY)}]`;
    case 'unary':
      return `${node.op}${print(node.operand, UNARY)}`;
    case 'logical':
    case 'binary':
      return `${print(node.left, LEVEL[node.op])} ${node.op} ${print(node.right, LEVEL[node.op] + 1)}`;
    case 'ternary':
      return `${print(node.test, PIPE)} ? ${print(node.then, TERNARY)} : ${print(node.otherwise, TERNARY)}`;
    case 'pipe': {
      const args = node.args.length === 0 ? '' : `(${node.args.map((arg) => print(arg, TERNARY)).join(', ')})`;
      return `${print(node.input, PIPE)} | ${node.filter}${args}`;
    }
  }
}

function print(node: Node, atLeast: number): string {
  const text = printBare(node);
  return levelOf(node) < atLeast ? `(${text})` : text;
}

/**
 * Writes an expression in its canonical form: double quotes, symbols instead of words, and only the necessary
 * parentheses.
 */
export function printExpression(expression: Expression): string {
  return print(expression.root, TERNARY);
}
