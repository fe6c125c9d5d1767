import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { api, bodyOf } from '../../api/client';
import { useMay } from '../../api/session';
import { useNavigateWhileShown } from '../../lib/navigate-while-shown';
import { Loaded } from '../../ui/page';
import { readYaml, refreshAutomation, type Automation } from '../automations/automation-api';
import { dropDraft } from './draft';
import type { Source } from './source';
import { Workbench } from './workbench';

const TEMPLATE = `name: My automation
triggers:
  - event: incident.created
actions:
  - action: automation.log
    config:
      message: "{{ trigger.payload.title }}"
`;

const asYaml = { bodySerializer: (body: unknown) => String(body), headers: { 'Content-Type': 'application/yaml' } };

/** The editor for a new automation. */
export function NewAutomation() {
  const navigate = useNavigateWhileShown();
  const may = useMay('manage');
  const save = async (text: string, _etag: string, note: string) => {
    const made = await bodyOf(
      api.POST('/api/v1/automations', { params: { query: noteOf(note) }, body: text as never, ...asYaml }),
    );
    dropDraft('new');
    await refreshAutomation();
    await navigate({ to: '/automations/$id', params: { id: made.id }, search: {} });
  };
  const source = { automation: undefined, text: TEMPLATE, etag: '' };
  return <Workbench id="new" title="New automation" source={source} readOnly={!may} onSave={save} />;
}

/** The editor for an existing automation. Each save creates a new version. */
export function EditAutomation() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const may = useMay('manage');
  // The text is read once, and again after each save. Refreshing it at other times would replace what the author is
  // typing.
  const [round, setRound] = useState(0);
  const query = useQuery({
    queryKey: ['editor-source', id, round],
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    queryFn: () => readSource(id),
  });
  const reload = useCallback(() => setRound((before) => before + 1), []);
  return (
    <Loaded query={query} title="Editor" list={['/automations', 'All automations']}>
      {(source) => (
        <Workbench
          key={`${id}:${round}`}
          id={id}
          title={source.automation.name}
          source={source}
          readOnly={!may || source.automation.managedBy === 'gitops'}
          onReload={reload}
          onSave={async (text, etag, note) => {
            await saveVersion(id, text, etag, note);
            await refreshAutomation(id);
            reload();
          }}
        />
      )}
    </Loaded>
  );
}

async function readSource(id: string): Promise<Source & { automation: Automation }> {
  const params = { path: { id } };
  const [automation, { text, etag }] = await Promise.all([
    bodyOf(api.GET('/api/v1/automations/{id}', { params })),
    readYaml(id),
  ]);
  return { automation, text, etag };
}

/** Returns the `note` query parameter, or no parameter for an empty note. */
const noteOf = (note: string) => (note.trim() === '' ? {} : { note: note.trim() });

async function saveVersion(id: string, text: string, etag: string, note: string): Promise<void> {
  const params = { path: { id }, query: { replace: 'true' as const, ...noteOf(note) }, header: { 'If-Match': etag } };
  await bodyOf(api.PATCH('/api/v1/automations/{id}', { params, body: text as never, ...asYaml }));
  dropDraft(id);
}
