import { textAfter, textOf, type StoredDocument, type TextChange } from './source-text';
import { validate } from './validate.fixture';
import { readYaml } from './yaml';

const TEXT = `# Who is called at night
name: Comments
group: on-call   # the team

triggers:
- event: healthcheck.system_degraded # the start
  # five minutes are enough
  for: "5m"
actions:
# first of all
- action: automation.log
  config: {message: 'hi', level: info}

# then
- delay: {seconds: 5}
`;

function stored(text: string, more: Partial<StoredDocument> = {}): StoredDocument {
  const { group = null, status: _status, ...document } = readYaml(text)[0]?.value as Record<string, unknown>;
  const { definition, errors } = validate(document);
  if (definition === undefined) throw new Error(JSON.stringify(errors));
  return { definition, group: group as string | null, status: 'enabled', ...more };
}
const before = stored(TEXT);
/** Returns the text after the definition was changed by a JSON request. */
function patched(change: (definition: Record<string, never>) => object, more: Partial<StoredDocument> = {}) {
  const { group: _group, ...document } = change(structuredClone(before.definition) as never) as Record<string, unknown>;
  const { definition, errors } = validate(document);
  if (definition === undefined) throw new Error(JSON.stringify(errors));
  return textAfter({ sourceYaml: TEXT, before, after: { ...before, definition, ...more } });
}
const after = (change: Partial<TextChange>) => textAfter({ sourceYaml: TEXT, before, after: before, ...change });

describe('the text of an automation', () => {
  test('is returned as it was written while it matches the definition', () => {
    expect(textOf(TEXT, before)).toBe(TEXT);
  });

  test('keeps its comments when the group has changed', () => {
    expect(textOf(TEXT, { ...before, group: 'days' })).toBe(TEXT.replace('on-call   #', 'days #'));
    const without = textOf(TEXT, { ...before, group: null });
    expect(without).toContain('# first of all');
    expect(without).not.toContain('group:');
    const grouped = textOf(
      'name: A # a\ntriggers: [{ event: incident.created }]\nactions: [{ delay: { seconds: 1 } }]\n',
      {
        ...stored('name: A\ntriggers: [{ event: incident.created }]\nactions: [{ delay: { seconds: 1 } }]\n'),
        group: 'g',
      },
    );
    expect(grouped).toBe(
      'name: A # a\ngroup: g\ntriggers: [{ event: incident.created }]\nactions: [{ delay: { seconds: 1 } }]\n',
    );
  });

  test('follows a change of the status if it contains the status', () => {
    const text = `${TEXT}status: disabled # for now\n`;
    expect(textOf(text, { ...before, status: 'disabled' })).toBe(text);
    expect(textOf(text, before)).toBe(text.replace('status: disabled', 'status: enabled'));
  });

  test('is generated from the definition if it does not match it or is missing', () => {
    const other = { ...before, definition: { ...before.definition, description: 'other' } };
    expect(textOf(TEXT, other)).toContain('description: other');
    expect(textOf(TEXT, other)).not.toContain('#');
    expect(textOf(null, before)).toMatch(/^name: Comments\n/);
  });
});

describe('the text after a change', () => {
  test('becomes the YAML of a complete update, even if only comments or formatting changed', () => {
    const text = TEXT.replace('# then', '# and then');
    expect(after({ patch: text })).toBe(text);
  });

  test('contains the keys of a partial YAML update with their comments, and keeps the rest', () => {
    const patch = '# why\ndescription: new # said twice\nactions:\n  # only this\n  - delay: { seconds: 6 }\n';
    const { definition } = stored(`${TEXT.split('actions:')[0]}${patch}`);
    const text = after({ patch, after: { ...before, definition } });
    expect(text).toContain('# Who is called at night\nname: Comments\n');
    expect(text).toContain('# five minutes are enough');
    expect(text).toContain('# why\ndescription: new # said twice');
    expect(text).toContain('# only this\n- delay: {seconds: 6}');
    expect(text).not.toContain('# first of all');
  });

  test('keeps the comments, quotes and notation of all unchanged places after a JSON update', () => {
    const text = patched((document) => ({
      ...document,
      description: 'new',
      actions: [{ action: 'automation.log', config: { message: "it's me", level: 'info' } }, { delay: { seconds: 7 } }],
    }));
    expect(text).toBe(
      TEXT.replace('name: Comments\n', 'name: Comments\ndescription: new\n')
        .replace("'hi'", "'it''s me'")
        .replace('seconds: 5', 'seconds: 7'),
    );
  });

  test('keeps the comments of the other steps after a JSON update that adds or removes steps', () => {
    const [log, delay] = before.definition.actions;
    const more = patched((document) => ({ ...document, actions: [log, { delay: { minutes: 1 } }, delay] }));
    expect(more).toMatch(/# first of all\n[^]*# then\n- delay: \{seconds: 5\}/);
    expect(more).toContain('minutes: 1');
    const fewer = patched((document) => ({ ...document, actions: [delay] }));
    expect(fewer).toMatch(/# then\n- delay/);
    expect(fewer).not.toContain('# first of all');
    expect(fewer).toContain('# the start');
  });

  test('changes only the group after a JSON update of the group', () => {
    expect(patched((document) => document, { group: 'days' })).toContain('group: days # the team');
  });

  test('is unchanged if nothing changed', () => {
    expect(after({})).toBe(TEXT);
  });

  test('does not exist if there was none before and the change was sent as JSON', () => {
    expect(after({ sourceYaml: null, after: { ...before, group: 'days' } })).toBeNull();
  });

  test('does not exist if an alias refers to a replaced part', () => {
    const text = `name: Aliases
triggers: [{ event: incident.created }]
actions:
  - &first { delay: { seconds: 5 } } # shared
  - *first
`;
    const shared = stored(text);
    const definition = { ...shared.definition, actions: [{ ...shared.definition.actions[0], delay: { seconds: 6 } }] };
    const changed = {
      ...shared,
      definition: { ...definition, actions: [...definition.actions, shared.definition.actions[1]] },
    };
    expect(textAfter({ sourceYaml: text, before: shared, after: changed as never })).toBeNull();
  });

  test('is not taken from YAML that differs from the result', () => {
    expect(after({ patch: 'name: Other\n', after: { ...before, group: 'x' } })).toBeNull();
  });
});
