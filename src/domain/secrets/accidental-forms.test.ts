import { execFileSync } from 'node:child_process';
import { createMask, maskFields } from './mask-values';
import { secretForms } from './secret-forms';

const ODD = `it's "p"a\\s&<w>/+ {x}`;
const lines = [
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj',
  'AgEAAoIBAQDc4sa1Zz8Zk0wQ9vT1q0m3bW5n6h7j',
  'q8r9s0t1u2v3w4x5y6z7+/==',
];
const PEM = `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
const bash = (script: string, value: string) =>
  execFileSync('bash', ['-c', script], { env: { ...process.env, KEY: value, LC_ALL: 'C.UTF-8' }, encoding: 'utf8' });

/** Checks that a part of each line of the value is masked. */
const expectHidden = (value: string, text: string): void => {
  const masked = createMask([value])(text);
  expect(masked).toContain('****');
  for (const line of value.split('\n')) {
    const core = line.trim().slice(8, 16);
    if (core.length === 8 && !core.includes('-')) expect(masked).not.toContain(core);
  }
};

it.each([
  'echo $KEY',
  'echo "$KEY" | sed "s/^/> /"',
  'echo "$KEY" | sed "s/^/        /"',
  'echo "$KEY" | sed -n 3p',
  'echo "$KEY" | tr -d "\\n"',
  'echo "$KEY" | sed "s/$/\\r/"',
  'echo "$KEY" | grep -v -e - | tr -d "\\n" | fold -w 30',
  'exec 2>&1; set -x; true "$KEY"',
  'printf "%q" "$KEY"',
  'printf "%s" "$KEY" | base64',
  'printf "%s" "$KEY" | base64 -w 0',
  'printf "user:%s" "$KEY" | base64 -w 64',
  'printf "%s" "$KEY" | base64 | tr "\\n" " "',
  'printf "%s" "$KEY" | base64 | sed "s/^/    /"',
  'printf "%s" "$KEY" | od -An -v -tx1',
  'printf "%s" "$KEY" | od -An -v -tx1 | tr -d " \\n"',
])('hides a key of several lines in the output of `%s`', (script) => {
  const printed = bash(script, PEM);
  expectHidden(PEM, printed);
  for (const line of lines) expect(createMask([PEM])(printed)).not.toContain(line.slice(0, 16));
});

it.each([
  'set -x; true "$KEY"',
  'printf "%q" "$KEY"',
  'echo "${KEY@Q}"',
  'printf "%s" "$KEY" | od -An -v -tx1 | tr "a-f" "A-F"',
])('hides a value with quotes in the output of `%s`', (script) =>
  expect(createMask([ODD])(bash(`exec 2>&1; ${script}`, ODD))).toMatch(/^[^"w&]*\*\*\*\*[^"w&]*$/),
);

it.each<[string, string]>([
  ['SQL', `insert into t values ('${ODD.replaceAll("'", "''")}')`],
  ['CSV', `"${ODD.replaceAll('"', '""')}",1`],
  ['HTML of PHP', 'it&#039;s &quot;p&quot;a\\s&amp;&lt;w&gt;/+ {x}'],
  ['HTML of Python', 'it&#x27;s &quot;p&quot;a\\s&amp;&lt;w&gt;/+ {x}'],
  ['HTML of Go', 'it&#39;s &#34;p&#34;a\\s&amp;&lt;w&gt;/&#43; {x}'],
  ['XML', 'it&apos;s &quot;p&quot;a\\s&amp;&lt;w&gt;/+ {x}'],
  ['a URL in a URL', encodeURIComponent(encodeURIComponent(ODD))],
  [
    'a URL in a URL, lower case',
    encodeURIComponent(encodeURIComponent(ODD)).replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  ],
  ['hexadecimal', Buffer.from(ODD).toString('hex')],
  ['hexadecimal, upper case', Buffer.from(ODD).toString('hex').toUpperCase()],
  [
    'hexadecimal with colons',
    Buffer.from(ODD)
      .toString('hex')
      .replace(/..(?=.)/g, '$&:'),
  ],
  ['bytes of C', Buffer.from(ODD).toString('hex').replace(/../g, '0x$&, ')],
  ['escapes of C', Buffer.from(ODD).toString('hex').replace(/../g, '\\x$&')],
])('hides a value with quotes in %s', (_what, text) => {
  const masked = createMask([ODD])(`before ${text} after`);
  expect(masked.replaceAll('****', '')).toMatch(/^before .{0,25}after$|^before .*\(.*'?'\) after$|^before "",1 after$/);
});

it.each([
  ['UTF-8 read as Latin-1', Buffer.from('pässwörter').toString('latin1')],
  ['Latin-1 read as UTF-8', Buffer.from('pässwörter', 'latin1').toString('utf8')],
  ['question marks', 'p?ssw?rter'],
  ['entities', 'p&#228;ssw&#xF6;rter'.replace('&#xF6;', '&#246;')],
  ['octal escapes', 'p\\303\\244ssw\\303\\266rter'],
  ['quoted-printable', 'p=C3=A4ssw=C3=B6rter'],
])('hides umlauts as %s', (_what, text) => expect(createMask(['pässwörter'])(`x ${text} y`)).toBe('x **** y'));

it('masks base64 whose line breaks are escaped in JSON, or whose lines are string literals', () => {
  const wrapped =
    Buffer.from(PEM)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  expect(createMask([PEM])(JSON.stringify({ a: wrapped.join('\n') }))).toBe('{"a":"****"}');
  expect(createMask([PEM])(wrapped.map((line) => `    "${line}"`).join('\n'))).toBe('    "****"');
});

describe('forms that are nested or mixed', () => {
  const TOKEN = 'tok_a1B2c3&D4<e5>-f6/g7+h8=i9';
  const utf16be = Buffer.from(TOKEN, 'utf16le').swap16();
  const percent = (text: string): string => Buffer.from(text).toString('hex').replace(/../g, '%$&');
  const entity = (char: string, index: number): string => {
    const code = char.charCodeAt(0);
    return (
      [`&#${code};`, `&#x${code.toString(16)};`, `&#X${code.toString(16).toUpperCase()};`, char][index % 4] ?? char
    );
  };
  const wrap = (text: string, width: number): string => text.match(new RegExp(`.{1,${width}}`, 'g'))?.join('\n') ?? '';
  const base64 = (before: string, width: number): string =>
    wrap(Buffer.from(`${before}${TOKEN}`).toString('base64'), width);

  it.each<[string, string]>([
    ['base64 in lines of 8', base64('', 8)],
    ['base64 in lines of 9', base64('', 9)],
    ['base64 in lines of 12 after other text', base64('user:', 12)],
    ['base64 that begins in the middle of a line', wrap(`key= ${base64('', 1_000)}`, 10)],
    ['base64 in lines of 8 whose breaks are escaped', JSON.stringify(base64('', 8))],
    ['base64 in lines of 8 in a URL', encodeURIComponent(base64('', 8))],
    ['base64 of UTF-16LE', Buffer.from(TOKEN, 'utf16le').toString('base64')],
    ['base64 of UTF-16BE', utf16be.toString('base64')],
    ['base64 of UTF-16LE inside another text', Buffer.from(`é: ${TOKEN}.`, 'utf16le').toString('base64')],
    ['base64 of UTF-16 in lines of 8', wrap(Buffer.from(TOKEN, 'utf16le').toString('base64'), 8)],
    ['hexadecimal of UTF-16', utf16be.toString('hex')],
    ['UTF-16 read as Latin-1', Buffer.from(TOKEN, 'utf16le').toString('latin1')],
    [
      '\\u escapes for every character',
      TOKEN.replace(/./g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ],
    [
      '\\u escapes for some characters, twice',
      TOKEN.replace(/[a-e]/g, (c) => `\\\\u00${c.charCodeAt(0).toString(16)}`),
    ],
    ['\\x escapes for letters', TOKEN.replace(/[a-z]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`)],
    ['three times percent', encodeURIComponent(encodeURIComponent(encodeURIComponent(TOKEN)))],
    ['three times percent, every character', encodeURIComponent(encodeURIComponent(percent(TOKEN)))],
    ['percent for some characters', TOKEN.replace(/[a-e]/g, percent)],
    ['decimal entities', TOKEN.replace(/./g, (c) => entity(c, 0))],
    ['hexadecimal entities', TOKEN.replace(/./g, (c) => entity(c, 1))],
    ['mixed entities', [...TOKEN].map(entity).join('').replaceAll('&#60;', '&lt;')],
    ['entities inside entities', TOKEN.replace(/./g, (c) => entity(c, 0)).replaceAll('&', '&amp;')],
    ['entities in JSON in a URL', encodeURIComponent(JSON.stringify(TOKEN.replace(/./g, (c) => entity(c, 1))))],
    ['lines of 10', wrap('tok_a1B2c3D4e5f6g7h8i9', 10)],
  ])('hides a token as %s', (_what, text) =>
    expect(createMask([TOKEN, 'tok_a1B2c3D4e5f6g7h8i9'])(`x ${text} y`)).toMatch(
      /^x (key= )?"?\S{0,12}\*\*\*\*\S{0,6}\s?y$/,
    ),
  );

  it('masks a value that looks like escapes if the text around it is escaped', () => {
    const mask = createMask(['pa%41ss&#66;word\\n"1']);
    for (const text of [
      'pa%41ss&#66;word\\n"1',
      'pa%2541ss%26#66;word\\\\n&#34;1',
      'pa\\u002541ss&amp;#66;word\\n\\"1',
    ])
      expect(mask(`x ${text} y`)).toBe('x **** y');
  });

  it('adds a number of forms that does not depend on the length of the secret', () => {
    const count = (length: number): number => secretForms('aB3&'.repeat(length / 4)).length;
    expect(count(65_536)).toBe(count(1_024));
    const characters = (length: number): number =>
      secretForms('aB3&'.repeat(length / 4)).reduce((sum, form) => sum + form.length, 0);
    expect(characters(65_536)).toBeLessThan(70 * characters(1_024));
  });
});

it('masks texts in a secret that is JSON, and their lines', () => {
  const mask = createMask([JSON.stringify({ type: 'sa', key: PEM, id: 'client-12345678' })]);
  expect(mask(`id: client-12345678, type: sa`)).toBe('id: ****, type: sa');
  expect(mask(lines[1] ?? '')).toBe('****');
});

it('does not change texts that are only similar to a part of a secret', () => {
  const mask = createMask([PEM, ODD, 'abcd1234']);
  for (const text of ['MIIEvQIB', '61 62 63 64', 'a, b, c, d', 'just words and 0x41, 0x42', 'AAAA'.repeat(30)])
    expect(mask(text)).toBe(text);
});

it('masks repetitive secrets of 64 kB', () => {
  const values = [
    'a'.repeat(65_536),
    'ab'.repeat(32_768),
    Array.from({ length: 350 }, (_, n) => 'a'.repeat(8 + n)).join('\n'),
  ];
  for (const value of values) {
    const mask = createMask([value]);
    expect(mask(`${'a'.repeat(30_000)}b`).length).toBeLessThanOrEqual(30_001);
    expect(mask(`${'a'.repeat(70_000)}…`).endsWith('…')).toBe(true);
  }
  expect(createMask(['a'.repeat(65_536)])('a'.repeat(200_000))).toBe('****');
  expect(createMask(['a'.repeat(65_536)])('a'.repeat(65_535))).toHaveLength(65_535);
});

it('masks keys of data, and numbers keys that become equal', () => {
  const mask = createMask(['secret-one', 'secret-two']);
  const value = { 'secret-one': 1, list: [{ 'x secret-two': 'secret-two' }], 'secret-two': 2 };
  expect(mask(value, 'data')).toEqual({ '****': 1, list: [{ 'x ****': '****' }], '**** (2)': 2 });
  expect(mask(value)['secret-one']).toBe(1);
});

it("does not change the names of Fermata's own fields", () => {
  const mask = createMask(['status']);
  expect(maskFields(mask, { status: 'status', data: { status: 1 } }, ['status'])).toEqual({
    status: '****',
    data: { '****': 1 },
  });
});

it('masks all keys of a structure except the listed ones', () => {
  const trace = { actual: { status: 'status', state: 1 }, parts: [{ actual: { 'x status': 2 } }], status: 3 };
  expect(createMask(['status'])(trace, new Set(['actual', 'parts']))).toEqual({
    actual: { '****': '****', state: 1 },
    parts: [{ actual: { 'x ****': 2 } }],
    '****': 3,
  });
});
