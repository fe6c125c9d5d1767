import { evaluate } from '../evaluate';
import { parseExpression } from '../parse';
import { builtInFilters } from './built-in-filters';

const now = new Date('2026-11-23T11:05:09.007Z');
const scope = {
  none: null,
  text: 'hello World',
  list: [3, '10', 'b', null, 2, 'a'],
  people: [
    { name: 'Ann', team: 'a', age: 41 },
    { name: 'Bob', team: 'b', age: '7' },
    { name: 'Cid', team: 'a' },
  ],
  object: { b: 1, a: [true] },
  since: '2026-11-23T11:00:09.007Z',
};
const run = (source: string): unknown => evaluate(parseExpression(source), scope, { now });

it('contains exactly the filters of the documentation', () => {
  const page =
    'default upper lower capitalize trim truncate length json from_json iso date join split replace urlencode not round abs min max first last sort unique map where contains starts_with ends_with minutes hours days duration_since older_than';
  expect([...builtInFilters.keys()].sort()).toEqual(page.split(' ').sort());
});

it.each<[string, unknown]>([
  ['none | default(1)', 1],
  ['missing | default("x")', 'x'],
  ['"" | default("x")', 'x'],
  ['0 | default(1)', 0],
  ['false | default(1)', false],
  ['text | upper', 'HELLO WORLD'],
  ['text | lower', 'hello world'],
  ['text | capitalize', 'Hello World'],
  ['"  a " | trim', 'a'],
  ['"Disk 91% full & rising #1" | urlencode', 'Disk%2091%25%20full%20%26%20rising%20%231'],
  ['"x?y=z/ü" | urlencode', 'x%3Fy%3Dz%2F%C3%BC'],
  ['1.5 | urlencode', '1.5'],
  ['true | urlencode', 'true'],
  ['none | urlencode', null],
  ['text | truncate(5)', 'hello…'],
  ['text | truncate(11)', 'hello World'],
  ['text | truncate("x")', 'hello World'],
  ['"a😀b" | truncate(2)', 'a…'],
  ['text | length', 11],
  ['list | length', 6],
  ['object | length', 2],
  ['none | length', 0],
  ['5 | length', 0],
  ['object | json', '{"b":1,"a":[true]}'],
  ['"a\\"" | json', '"a\\""'],
  ['\'{"a": [1]}\' | from_json', { a: [1] }],
  ['"{" | from_json', '{'],
  ['list | join', '3, 10, b, , 2, a'],
  ['list | join("")', '310b2a'],
  ['[[1], object] | join(" ")', '[1] {"b":1,"a":[true]}'],
  ['"a,b,,c" | split', ['a', 'b', '', 'c']],
  ['"a--b" | split("--")', ['a', 'b']],
  ['"a😀" | split("")', ['a', '😀']],
  ['"" | split', ['']],
  ['"a.b.c" | replace(".", "-")', 'a-b-c'],
  ['"a.b" | replace(".")', 'ab'],
  ['"$& a" | replace("a", "$&")', '$& $&'],
  ['"a" | replace("", "x")', 'a'],
  ['none | not', true],
  ['"false" | not', false],
  ['2.345 | round(2)', 2.35],
  ['1.005 | round(2)', 1.01],
  ['-2.5 | round', -3],
  ['1250 | round(-2)', 1300],
  ['1e21 | round(2)', 1e21],
  ['1e-7 | round(2)', 0],
  ['"7.6" | round', 8],
  ['-3 | abs', 3],
  ['[3, 1, "2"] | min', 1],
  ['[3, "10", null] | max', '10'],
  ['5 | min(3, 4)', 3],
  ['5 | max(none, 7)', 7],
  ['[] | max', undefined],
  ['list | first', 3],
  ['list | last', 'a'],
  ['"😀x" | first', '😀'],
  ['"x😀" | last', '😀'],
  ['"ab" | last', 'b'],
  ['[] | first', undefined],
  ['list | sort', [2, 3, '10', 'a', 'b', null]],
  ['[1, "1", 1, none, object, object] | unique', [1, '1', null, { b: 1, a: [true] }]],
  ['people | map("name")', ['Ann', 'Bob', 'Cid']],
  ['people | map("age") | last', undefined],
  ['people | where("team", "a") | map("name")', ['Ann', 'Cid']],
  ['people | where("age", 7) | map("name")', ['Bob']],
  ['people | where("age") | length', 2],
  ['people | where("age", none) | map("name")', ['Cid']],
  ['list | contains(10)', true],
  ['text | contains("lo W")', true],
  ['object | contains("a")', true],
  ['object | contains("toString")', false],
  ['none | contains("a")', false],
  ['text | starts_with("hell")', true],
  ['text | ends_with("World")', true],
  ['12 | starts_with(1)', true],
  ['none | starts_with("")', false],
  ['text | starts_with(none)', false],
])('%s', (source, value) => {
  expect(run(source)).toEqual(value);
});

describe('time', () => {
  it.each<[string, unknown]>([
    ['30 | minutes', 1_800_000],
    ['"2" | hours', 7_200_000],
    ['1.5 | days', 129_600_000],
    ['"abc" | minutes', 'abc'],
    ['none | hours', null],
    ['since | duration_since', 300_000],
    ['"2030-01-01" | duration_since', 0],
    ['"soon" | duration_since', 0],
    ['none | duration_since', 0],
    ['since | older_than(5 | minutes)', true],
    ['since | older_than(300001)', false],
    ['none | older_than(0)', false],
    ['since | older_than("x")', false],
    ['since | older_than', false],
    ['0 | iso', '1970-01-01T00:00:00.000Z'],
    ['"2026-11-23T12:00:00+01:00" | iso', '2026-11-23T11:00:00.000Z'],
    ['"2026-11-23 12:00" | iso', '2026-11-23T12:00:00.000Z'],
    ['"tomorrow" | iso', 'tomorrow'],
    ['"12" | iso', '12'],
    ['now | date', '2026-11-23T11:05:09.007Z'],
    ['now | date("date")', '2026-11-23'],
    ['now | date("time", "Asia/Kolkata")', '16:35:09'],
    ['now | date("unix")', 1_795_431_909],
    ['now | date("rfc2822")', 'Mon, 23 Nov 2026 11:05:09 GMT'],
    ['now | date("yyyy-MM-dd HH:mm")', '2026-11-23 11:05'],
    ['now | date("EEE d MMM yy, h:m:s a SSS")', 'Mon 23 Nov 26, 11:5:9 AM 007'],
    ["now | date(\"EEEE 'the' dd. MMMM, hh 'o''clock'\")", "Monday the 23. November, 11 o'clock"],
    ['"2026-07-01T22:30:00Z" | date("dd.MM.yyyy HH:mm XXX", "Europe/Berlin")', '02.07.2026 00:30 +02:00'],
    ['"2026-07-01T02:30:00Z" | date("M/d H XXX", "America/New_York")', '6/30 22 -04:00'],
    ['now | date("HH:mm", "Mars/Olympus")', '2026-11-23T11:05:09.007Z'],
    ['"never" | date("HH:mm")', 'never'],
    ['none | date("HH:mm")', null],
  ])('%s', (source, value) => {
    expect(run(source)).toEqual(value);
  });

  it('is the same instant for a whole evaluation, and without it durations are 0', () => {
    const spread = Array(50).fill('since | duration_since').join(', ');
    expect(run(`[${spread}] | unique | length`)).toBe(1);
    const expression = parseExpression('[since | duration_since, since | older_than(0)]');
    expect(evaluate(expression, { since: scope.since })).toEqual([0, false]);
  });
});

it('no filter throws for any type of input', () => {
  const inputs = ['none', 'missing', 'true', '1', '-1.5', '""', '"x"', '[]', 'list', 'object', 'people'];
  for (const name of builtInFilters.keys()) {
    for (const input of inputs) {
      for (const args of ['', '(none)', '("x")', '(-1)', '([])', '(object, list)']) {
        expect(() => run(`${input} | ${name}${args}`)).not.toThrow();
      }
    }
  }
});
