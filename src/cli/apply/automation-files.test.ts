import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFilterRegistry } from '../../domain/expressions/filter-registry';
import { createRegistry } from '../../domain/registry/registry';
import { validateDefinition } from '../../domain/definition/validate';
import { projectRoot } from '../../project-root';
import { createEgress } from '../../edges/egress/egress';
import { createPlugins } from '../../integrations/plugins';
import { foreignNotes, readAutomationFile } from './automation-files';
import { listFiles } from './list-files';

describe('readAutomationFile', () => {
  it('reads each document of a file, with positions in the file', () => {
    const { found, errors } = readAutomationFile('a.yaml', 'name: one\n---\nname: two\nmode: single\n');
    expect(errors).toEqual([]);
    expect(found.map(({ document }) => document['name'])).toEqual(['one', 'two']);
    expect(found[1]?.locate('mode')).toMatchObject({ line: 4 });
  });

  it('wraps a plain automation for Git, and maps positions in the wrapper to the file', () => {
    const [automation] = readAutomationFile('a.yaml', 'mode: single\nname: one\n').found;
    expect(automation?.wrapped).toEqual({
      apiVersion: 'fermata/v1',
      kind: 'Automation',
      metadata: { name: 'one' },
      spec: { mode: 'single' },
    });
    expect(automation?.locateWrapped('metadata.name')).toMatchObject({ path: 'name', line: 2 });
    expect(automation?.locateWrapped('spec.mode')).toMatchObject({ path: 'mode', line: 1 });
  });

  it('reads title, description and group of a document for Git from its metadata', () => {
    const text = [
      'apiVersion: fermata/v1',
      'kind: Automation',
      'metadata: { name: tell, title: Notify the chat, labels: { group: on-call } }',
      'spec:',
      '  mode: sngle',
    ].join('\n');
    const [automation] = readAutomationFile('a.yaml', text).found;
    expect(automation?.document).toEqual({ name: 'Notify the chat', group: 'on-call', mode: 'sngle' });
    expect(automation?.locate('mode')).toEqual({ path: 'spec.mode', line: 5, column: 9 });
    expect(automation?.locate('name')).toMatchObject({ path: 'metadata.title', line: 3 });
  });

  it('reports YAML errors and keeps a document with a duplicate key for further checks', () => {
    const { found, errors } = readAutomationFile('a.yaml', 'name: one\nname: again\n---\nname: two\n---\n- 1\n');
    expect(errors.map(({ finding }) => [finding.code, finding.line])).toEqual([
      ['duplicate_key', 2],
      ['invalid_type', 6],
    ]);
    expect(found.map(({ document, text }) => [document['name'], text('a.yaml') !== undefined])).toEqual([
      ['one', false],
      ['two', true],
    ]);
  });

  it('skips documents of other programs and reports each kind once', () => {
    const manifest = 'apiVersion: v1\nkind: ConfigMap\n---\nname: one\n---\napiVersion: v1\nkind: ConfigMap\n';
    const read = readAutomationFile('a.yaml', manifest);
    expect(read.errors).toEqual([]);
    expect(read.found).toHaveLength(1);
    expect(foreignNotes([read, read])).toEqual(['skipped v1 ConfigMap in 2 files: not a Fermata document']);
  });

  it('treats the key __proto__ as plain data', () => {
    const { found } = readAutomationFile('a.yaml', '__proto__: { kind: x }\nname: one\n');
    expect(found[0]?.document['kind']).toBeUndefined();
  });
});

describe('the automations in this repository', () => {
  const registry = createRegistry(createPlugins({ egress: createEgress({ allow: [] }) }));
  const validate = (document: object) => validateDefinition(document, { registry, filters: createFilterRegistry() });
  const files = listFiles(['automations', 'guides', 'alerts'].map((part) => join(projectRoot(), 'examples', part)));

  it.each(files)('%s is valid, without warnings', (file) => {
    const { found, errors } = readAutomationFile(file);
    expect(errors).toEqual([]);
    for (const { document } of found) {
      const validation = validate(document);
      expect([...validation.errors, ...validation.warnings]).toEqual([]);
    }
  });

  it.each(listDocs())('%s contains no automation that reads unknown members or values', (file) => {
    const blocks = readFileSync(file, 'utf8').matchAll(/^```yaml\n([^]*?)^```/gm);
    for (const [, text = ''] of blocks) {
      if (!/^triggers:/m.test(text)) continue;
      for (const { document } of readAutomationFile(file, text).found) {
        const { warnings } = validate(document);
        expect(warnings.filter(({ code }) => ['unknown_member', 'impossible_value'].includes(code))).toEqual([]);
      }
    }
  });
});

function listDocs(): string[] {
  const docs = join(projectRoot(), 'docs');
  const names = readdirSync(docs).filter((name) => name.endsWith('.md'));
  return [join(projectRoot(), 'README.md'), ...names.map((name) => join(docs, name))];
}
