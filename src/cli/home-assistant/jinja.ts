import { NotImported } from './not-imported';
import { type Code, expressionOf, type Names } from './jinja-names';

const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([A-Za-z_]\w*)|(==|!=|<=|>=|\/\/|\*\*|[-+*/%~<>()[\]{}.,|:]))/y;

interface Token {
  kind: 'number' | 'text' | 'name' | 'sign' | 'end';
  text: string;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  for (let at = 0; source.slice(at).trim() !== ''; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const [, number, text, name, sign] = pattern.exec(source) ?? [];
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (text !== undefined) tokens.push({ kind: 'text', text });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    else throw new NotImported(`the template has "${source.slice(at).trim().slice(0, 20)}", which cannot be read`);
  }
  return [...tokens, { kind: 'end', text: '' }];
}

const COMPARISONS = ['==', '!=', '<', '>', '<=', '>='];
const SUMS = ['+', '-'];
const PRODUCTS = ['*', '/', '%'];

const atom = (text: string): Code => ({ text, atomic: true });
const composite = (text: string): Code => ({ text, atomic: false });
/**
 * Returns an expression, in parentheses unless it is atomic. Parentheses are needed because pipes have different
 * precedence in the two languages.
 */
export const grouped = ({ text, atomic }: Code): string => (atomic ? text : `(${text})`);

/** Parses a Jinja expression and translates it to Fermata's language. */
class Reader {
  private at = 0;
  private readonly tokens: Token[];

  constructor(
    source: string,
    private readonly names: Names,
  ) {
    this.tokens = tokensOf(source);
  }

  whole(): Code {
    const code = this.ternary();
    if (this.token.kind !== 'end')
      throw new NotImported(`the template has "${this.token.text}" where none is expected`);
    return code;
  }

  private get token(): Token {
    return this.tokens[this.at] as Token;
  }

  private take(...texts: string[]): string | undefined {
    const { kind, text } = this.token;
    if (kind === 'text' || kind === 'number' || !texts.includes(text)) return undefined;
    this.at += 1;
    return text;
  }

  private expect(text: string): void {
    if (this.take(text) === undefined) throw new NotImported(`"${text}" is missing in the template`);
  }

  private ternary(): Code {
    const value = this.or();
    if (this.take('if') === undefined) return value;
    const condition = this.or();
    const other = this.take('else') === undefined ? atom('null') : this.ternary();
    return composite(`${grouped(condition)} ? ${grouped(value)} : ${grouped(other)}`);
  }

  private or(): Code {
    return this.joined('or', '||', () => this.and());
  }

  private and(): Code {
    return this.joined('and', '&&', () => this.not());
  }

  private joined(word: string, sign: string, part: () => Code): Code {
    const parts = [part()];
    while (this.take(word)) parts.push(part());
    return parts.length === 1 ? (parts[0] as Code) : composite(parts.map(grouped).join(` ${sign} `));
  }

  private not(): Code {
    return this.take('not') ? atom(`!${grouped(this.not())}`) : this.comparison();
  }

  private comparison(): Code {
    let left = this.sum();
    for (;;) {
      const sign = this.take(...COMPARISONS);
      const negated = sign === undefined && this.isNotIn();
      if (sign !== undefined) left = composite(`${grouped(left)} ${sign} ${grouped(this.sum())}`);
      else if (negated || this.take('in')) {
        const inside = `${grouped(left)} in ${grouped(this.sum())}`;
        left = negated ? atom(`!(${inside})`) : composite(inside);
      } else if (this.take('is')) left = this.test(left);
      else return left;
    }
  }

  private isNotIn(): boolean {
    const next = this.tokens[this.at + 1];
    if (this.token.text !== 'not' || next?.text !== 'in') return false;
    this.at += 2;
    return true;
  }

  private test(subject: Code): Code {
    const negated = this.take('not') !== undefined;
    const { text } = this.token;
    this.at += 1;
    if (text !== 'defined' && text !== 'none') throw new NotImported(`the test "is ${text}" has no counterpart`);
    return composite(`${grouped(subject)} ${(text === 'none') === negated ? '!=' : '=='} null`);
  }

  private sum(): Code {
    let left = this.product();
    for (let sign = this.take(...SUMS); sign !== undefined; sign = this.take(...SUMS)) {
      left = composite(`${grouped(left)} ${sign} ${grouped(this.product())}`);
    }
    if (this.token.text === '~' && this.token.kind === 'sign') {
      throw new NotImported('"~" joins strings, which is written as a template with several {{ }}');
    }
    return left;
  }

  private product(): Code {
    let left = this.unary();
    for (let sign = this.take(...PRODUCTS); sign !== undefined; sign = this.take(...PRODUCTS)) {
      left = composite(`${grouped(left)} ${sign} ${grouped(this.unary())}`);
    }
    return left;
  }

  private unary(): Code {
    return this.take('-') ? atom(`-${grouped(this.unary())}`) : this.filtered();
  }

  private filtered(): Code {
    let code = this.primary();
    while (this.take('|')) {
      const { kind, text } = this.token;
      if (kind !== 'name') throw new NotImported('a "|" without a filter');
      this.at += 1;
      code = this.filter(code, text, this.take('(') ? this.list(')') : []);
    }
    return code;
  }

  private filter(subject: Code, name: string, args: Code[]): Code {
    const fallback = args[0] === undefined ? '' : ` | default(${args[0].text})`;
    // `from_json` converts numeric text to a number.
    if (name === 'float' || name === 'int') {
      const number = `${grouped(subject)} | from_json${fallback}`;
      return composite(name === 'int' ? `${number} | round` : number);
    }
    const own = OWN_FILTERS[name];
    if (own === undefined) throw new NotImported(`the filter "${name}" has no counterpart`);
    return composite(
      `${grouped(subject)} | ${own}${args.length === 0 ? '' : `(${args.map(({ text }) => text).join(', ')})`}`,
    );
  }

  /** Returns the expressions up to a closing bracket. */
  private list(close: string): Code[] {
    const items: Code[] = [];
    while (!this.take(close)) {
      if (items.length > 0) this.expect(',');
      if (this.take(close)) break;
      items.push(this.ternary());
    }
    return items;
  }

  private primary(): Code {
    const { kind, text } = this.token;
    this.at += 1;
    if (kind === 'number') return atom(text);
    if (kind === 'text') return atom(JSON.stringify(text.slice(1, -1).replaceAll(/\\(.)/g, '$1')));
    if (kind === 'sign' && text === '(') {
      const inner = this.ternary();
      this.expect(')');
      return inner;
    }
    if (kind === 'sign' && text === '[')
      return atom(
        `[${this.list(']')
          .map((item) => item.text)
          .join(', ')}]`,
      );
    if (kind !== 'name') throw new NotImported(`the template has "${text}", which cannot be read`);
    return this.access(text);
  }

  /** Translates a name and the keys that follow it: `states('x.y')`, `trigger.to_state.state`, `repeat.item['id']`. */
  private access(name: string): Code {
    const path: string[] = [name];
    let args: string[] | undefined;
    for (;;) {
      if (this.take('.')) {
        path.push(this.token.text);
        this.at += 1;
      } else if (this.take('[')) {
        const { kind, text } = this.token;
        if (kind !== 'text' && kind !== 'number') throw new NotImported('a computed key has no counterpart');
        this.at += 1;
        path.push(kind === 'text' ? text.slice(1, -1) : text);
        this.expect(']');
      } else if (args === undefined && this.take('(')) args = this.list(')').map(({ text }) => text);
      else return expressionOf(path, args, this.names);
    }
  }
}

const OWN_FILTERS: Readonly<Record<string, string>> = {
  ...{ default: 'default', upper: 'upper', lower: 'lower', capitalize: 'capitalize', trim: 'trim', length: 'length' },
  ...{ count: 'length', join: 'join', replace: 'replace', round: 'round', abs: 'abs', min: 'min', max: 'max' },
  ...{ first: 'first', last: 'last', sort: 'sort', unique: 'unique', to_json: 'json', from_json: 'from_json' },
};

/**
 * Translates a Jinja expression, with or without its braces.
 * @throws {NotImported} when the template is not exactly one expression, or when a part of it has no counterpart
 */
export function expressionOfTemplate(template: string, names: Names): string {
  const text = template.replaceAll(/\{#[\s\S]*?#\}/g, '').trim();
  const [, inner] = /^\{\{-?([\s\S]*?)-?\}\}$/.exec(text) ?? [];
  const source = inner ?? text;
  if (/\{\{|\{%|\}\}/.test(source)) throw new NotImported('only a single {{ expression }} can be a condition');
  return new Reader(source, names).whole().text;
}

/**
 * Translates `text` with {{ expressions }} to a Fermata template.
 * @throws {NotImported} when an expression uses something that Fermata does not have
 */
export function templateOfText(text: string, names: Names): string {
  if (text.includes('{%')) throw new NotImported('statements ({% … %}) have no counterpart');
  return text
    .replaceAll(/\{#[\s\S]*?#\}/g, '')
    .replaceAll(/\{\{-?([\s\S]*?)-?\}\}/g, (_, inner: string) => `{{ ${new Reader(inner, names).whole().text} }}`);
}
