declare module 'jexl' {
  interface CompiledExpression {
    evalSync(context: Record<string, unknown>): unknown;
  }
  interface JexlInstance {
    /** Parses the expression immediately. */
    compile(expression: string): CompiledExpression;
  }
  const jexl: JexlInstance;
  export = jexl;
}
