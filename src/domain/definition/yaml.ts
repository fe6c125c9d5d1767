import { Composer, type CST, Lexer, LineCounter, Parser, stringify, type Document } from 'yaml';
import { type Finding, FermataError } from '../errors';
import type { Definition } from './schema';
import { MAX_DATA_DEPTH, toPlainData } from './yaml-data';
import { createLocate, type Locate } from './yaml-locate';

/** Maximum length of a document's text in UTF-8 bytes. */
export const MAX_DOCUMENT_BYTES = 1_048_576;
/**
 * Maximum number of lexical tokens. Parsing time depends more on the number of tokens than on the length of the text.
 */
const MAX_TOKENS = 200_000;
const MAX_FINDINGS = 100;
const TAG_MESSAGE = 'Tags ("!…") are not used here; put an expression that starts with "!" in quotes';

/** A document in YAML text. */
export interface YamlDocument {
  value: unknown;
  /**
   * Whether `value` contains the whole document, so that it can be checked for further errors. True if the only errors
   * are duplicate keys: `value` has the first one of each.
   */
  isWhole: boolean;
  /** The parsed document with its comments; undefined when the text was too large or nested too deeply to be parsed. */
  parsed: Document.Parsed | undefined;
  errors: Finding[];
  locate: Locate;
}

const nowhere: Locate = () => undefined;
const refused = (finding: Finding): YamlDocument[] => [
  { value: undefined, isWhole: false, parsed: undefined, errors: [finding], locate: nowhere },
];

/** Returns why the text is too expensive to parse, or undefined. */
function tooLarge(text: string): Finding | undefined {
  const limit = (message: string): Finding => ({ path: '', code: 'limit_exceeded', message, line: 1, column: 1 });
  if (text.length > MAX_DOCUMENT_BYTES || new TextEncoder().encode(text).length > MAX_DOCUMENT_BYTES) {
    return limit('The document is larger than 1 MB');
  }
  if (text.length <= MAX_TOKENS / 2) return undefined;
  let tokens = 0;
  for (const _ of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > MAX_TOKENS) return limit(`The document has more than ${MAX_TOKENS} tokens`);
  }
  return undefined;
}

/** Maximum number of open collections in the parser. Each level of a document takes one or two. */
const MAX_OPEN = 2 * MAX_DATA_DEPTH;
const TOO_DEEP: Finding = {
  ...{ path: '', code: 'limit_exceeded', line: 1, column: 1 },
  message: `The document is nested deeper than ${MAX_DATA_DEPTH} levels`,
};

/**
 * Returns the tokens of `text`, or undefined when it is nested too deeply. The parser's time grows with the square of
 * the depth. The composer is recursive: about ten thousand levels overflow the stack. If Node is compiling a regular
 * expression when the stack overflows, the whole process crashes.
 */
function tokensOf(text: string, lines: LineCounter): CST.Token[] | undefined {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_OPEN) return undefined;
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

/** Returns the message for a parser error. Messages that are hard to understand are replaced. */
/** Matches the parser's message about a list or map in brackets that is not closed. */
const UNCLOSED = /^Flow (sequence|map) in block collection must be sufficiently indented and end with a (\]|\})/;

function syntaxMessage(code: string, message: string): string {
  if (code === 'RESOURCE_EXHAUSTION') return 'The document is nested too deeply';
  if (code === 'TAB_AS_INDENT') return 'Indent with spaces, not with tabs';
  const [, flow, end] = UNCLOSED.exec(message) ?? [];
  if (flow !== undefined) return `The ${flow === 'sequence' ? 'list' : 'map'} is not closed: "${end}" is missing`;
  return message;
}

function readOne(source: string, document: Document.Parsed, lines: LineCounter): YamlDocument {
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const errors = document.errors.map((error): Finding => {
    return { path: '', code: 'yaml_syntax', message: syntaxMessage(error.code, error.message), ...at(error.pos[0]) };
  });
  const locate = createLocate(source, document, lines);
  if (errors.length > 0) {
    return { value: undefined, isWhole: false, parsed: document, errors: errors.slice(0, MAX_FINDINGS), locate };
  }
  const { value, problems } = toPlainData(document.contents);
  for (const { place, code, message, offset } of problems) errors.push({ path: place, code, message, ...at(offset) });
  for (const { code, pos } of document.warnings) {
    if (code === 'TAG_RESOLVE_FAILED') errors.push({ path: '', code: 'yaml_tag', message: TAG_MESSAGE, ...at(pos[0]) });
  }
  const isWhole = errors.every(({ code }) => code === 'duplicate_key');
  return { value, isWhole, parsed: document, errors: errors.slice(0, MAX_FINDINGS), locate };
}

/**
 * Reads YAML 1.2, which includes JSON, into plain data. Never throws: everything that is refused becomes an error with
 * line and column. Tags, merge keys and duplicate keys are refused, the number of values after aliases are expanded is
 * limited, and the text may have at most 1 MB. Empty text contains no documents.
 */
export function readYaml(given: string): YamlDocument[] {
  // A byte order mark does not count as a character of the first line.
  const text = given.startsWith('\uFEFF') ? given.slice(1) : given;
  const limit = tooLarge(text);
  if (limit) return refused(limit);
  const lineCounter = new LineCounter();
  const tokens = tokensOf(text, lineCounter);
  if (tokens === undefined) return refused(TOO_DEEP);
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    // The library compares each key with all others, which takes a minute for a megabyte. `toPlainData` uses a set
    // instead.
    uniqueKeys: false,
    resolveKnownTags: false,
    prettyErrors: false,
    logLevel: 'silent',
    lineCounter,
  });
  const documents = [...composer.compose(tokens)];
  return documents.map((document) => readOne(text, document, lineCounter));
}

/**
 * Reads `text`, which must contain exactly one document.
 * @throws {FermataError} `malformed_body` for another number of documents, or with the findings for a document that is
 * not well-formed; `body_too_large` for text that is too expensive to parse (more than 1 MB, too many tokens, or nested
 * too deeply)
 */
export function parseYaml(text: string): { value: unknown; locate: Locate } {
  const documents = readYaml(text);
  const [first] = documents;
  if (!first || documents.length > 1) {
    throw new FermataError('malformed_body', `Expected one document, found ${documents.length}`);
  }
  const [error] = first.errors;
  if (error === undefined) return { value: first.value, locate: first.locate };
  const where = error.line === undefined ? '' : ` at line ${error.line}, column ${error.column}`;
  const code = error.code === 'limit_exceeded' && first.locate === nowhere ? 'body_too_large' : 'malformed_body';
  throw new FermataError(code, `${error.message}${where}`, { errors: first.errors });
}

/**
 * Returns a definition as YAML. Parsing the YAML gives the same definition. Long strings are written as blocks, and
 * lines are never folded.
 */
export function toYaml(definition: Definition | Record<string, unknown>): string {
  return stringify(definition, { version: '1.2', schema: 'core', lineWidth: 0, aliasDuplicateObjects: false });
}
