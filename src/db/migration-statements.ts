/** The line that marks a file whose statements are executed one by one, outside a transaction. */
const NO_TRANSACTION = /^-- fermata: no transaction\s*$/m;

/** Returns whether a migration is marked as non-transactional. */
export const isNonTransactional = (text: string): boolean => NO_TRANSACTION.test(text);

/**
 * Splits SQL into its statements, without comments. Semicolons inside quotes, dollar quotes and comments do not end a
 * statement.
 */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let current = '';
  const TOKEN = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\1|;|[^;'"$/-]+|[\s\S]/g;
  for (const [token] of text.matchAll(TOKEN)) {
    if (token.startsWith('--') || token.startsWith('/*')) current += ' ';
    else if (token === ';') {
      statements.push(current.trim());
      current = '';
    } else current += token;
  }
  statements.push(current.trim());
  return statements.filter((statement) => statement !== '');
}
