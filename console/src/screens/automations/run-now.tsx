import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import { queryClient } from '../../api/query-client';
import { registryQuery } from '../../api/registry';
import { useNavigateWhileShown } from '../../lib/navigate-while-shown';
import { isRecord } from '../../lib/records';
import { Dialog } from '../../ui/dialog';
import { CheckField, SelectField, TextField } from '../../ui/field';
import { Problem } from '../../ui/page';
import { SchemaForm } from '../../ui/schema-form';
import type { Automation } from './automation-api';

interface KnownTrigger {
  id: string;
  event: string;
  config: Record<string, unknown>;
}

/** Returns the default id of a trigger without an `id`, derived from its event. */
const derivedId = (event: string) =>
  event
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, 64);

/** Returns the id, event and config of each trigger in a definition. */
export function triggersOf(definition: Record<string, unknown>): KnownTrigger[] {
  const triggers = definition['triggers'];
  if (!Array.isArray(triggers)) return [];
  return triggers.filter(isRecord).map(({ id, event, config }) => ({
    ...{ id: String(id ?? derivedId(String(event))), event: String(event) },
    config: isRecord(config) ? config : {},
  }));
}

/** A dialog that starts a run manually. The payload form follows the schema of the chosen trigger. */
export function RunNow({ automation, onClose }: { automation: Automation; onClose(): void }) {
  const navigate = useNavigateWhileShown();
  const triggers = triggersOf(automation.definition);
  const [triggerId, setTriggerId] = useState('');
  const [payload, setPayload] = useState<Record<string, unknown>>();
  const [contextKey, setContextKey] = useState('');
  const [checkConditions, setCheckConditions] = useState(false);
  const run = useMutation({
    mutationFn: () =>
      bodyOf(
        api.POST('/api/v1/automations/{id}/runs', {
          params: { path: { id: automation.id } },
          body: {
            skipConditions: !checkConditions,
            ...(triggerId === '' ? {} : { triggerId }),
            ...(contextKey === '' ? {} : { contextKey }),
            ...(payload === undefined ? {} : { payload }),
          },
        }),
      ),
    onSuccess: async ({ runId }) => {
      void queryClient.invalidateQueries({ queryKey: ['runs'] });
      await navigate({ to: '/runs/$id', params: { id: runId }, search: {} });
    },
  });
  const event = triggers.find(({ id }) => id === triggerId)?.event;
  return (
    <Dialog
      title={`Run “${automation.name}”`}
      submit="Run"
      disabled={event !== undefined && payload === undefined}
      onClose={onClose}
      form={run}
      wide
    >
      {triggers.length > 0 && (
        <SelectField
          label="As if started by"
          value={triggerId}
          options={[
            { value: '', label: 'no trigger (started manually, without a payload)' },
            ...triggers.map(({ id, event: name }) => ({ value: id, label: id === name ? id : `${id} (${name})` })),
          ]}
          onChange={(next) => {
            setTriggerId(next);
            setPayload(undefined);
          }}
        />
      )}
      <TextField
        label="Context key"
        value={contextKey}
        onChange={setContextKey}
        hint="Leave empty to use the key that the trigger derives from the payload."
      />
      <CheckField label="Check the automation’s conditions" checked={checkConditions} onChange={setCheckConditions} />
      {event !== undefined && <Payload key={event} event={event} value={payload} onChange={setPayload} />}
    </Dialog>
  );
}

/** A form for an event's payload. Initially, it contains a sample that matches the event's schema. */
function Payload(props: {
  event: string;
  value: Record<string, unknown> | undefined;
  onChange(value: Record<string, unknown> | undefined): void;
}) {
  const { event, value, onChange } = props;
  const triggers = useQuery(registryQuery('triggers'));
  const sample = useQuery({
    queryKey: ['sample', event],
    staleTime: Infinity,
    queryFn: () => bodyOf(api.GET('/api/v1/triggers/{event}/sample', { params: { path: { event } } })),
  });
  const error = triggers.error ?? sample.error;
  if (error !== null) return <Problem error={error} />;
  const schema = triggers.data?.find(({ id }) => id === event)?.payloadSchema;
  if (schema === undefined || sample.data === undefined) return null;
  const given = value ?? (isRecord(sample.data.payload) ? sample.data.payload : {});
  return <SchemaForm label="Payload" schema={schema} initial={given} onChange={onChange} />;
}
