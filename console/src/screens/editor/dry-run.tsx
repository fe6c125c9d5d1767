import { useMutation, useQuery } from '@tanstack/react-query';
import { FlaskConical } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { changeName } from '../../lib/change-name';
import { isRecord } from '../../lib/records';
import { absoluteText } from '../../lib/time';
import { ConditionList, PartValues } from '../../ui/conditions';
import { contextText } from '../../ui/entity-name';
import { AreaField, SelectField } from '../../ui/field';
import { Json } from '../../ui/json';
import { Panel, Problem } from '../../ui/page';
import { Status } from '../../ui/status';
import type { Automation } from '../automations/automation-api';
import { SaveAsTest } from './save-as-test';
import { triggersOf } from '../automations/run-now';

type Result = components['schemas']['DryRun'];
type DryRunBody = Awaited<ReturnType<typeof inputOf>> & { definition: Record<string, unknown> };
type Origin = 'sample' | 'event' | 'run' | 'own';

interface DryRunProps {
  /** Undefined before the first save. */
  automation: Automation | undefined;
  /** The definition in the editor, saved or not. */
  definition: unknown;
  disabled: boolean;
  onResult(outcomes: ReadonlyMap<string, string>): void;
}

/**
 * Runs the edited definition without side effects. The input is a sample payload, a past event, the payload of a past
 * run, or a payload that the user enters.
 */
export function DryRun({ automation, definition, disabled, onResult }: DryRunProps) {
  const may = useMay('manage');
  const triggers = triggersOf(isRecord(definition) ? definition : {});
  const [chosen, setChosen] = useState('');
  const trigger = triggers.find(({ id }) => id === chosen) ?? triggers[0];
  const [origin, setOrigin] = useState<Origin>('sample');
  const [runId, setRunId] = useState('');
  const [changeId, setChangeId] = useState('');
  const [own, setOwn] = useState('{\n}');
  const run = useMutation({
    mutationFn: async () => {
      const given = await inputOf(origin, trigger, { runId, changeId, own });
      const body = { definition: definition as Record<string, unknown>, ...given };
      return { given, isPast: origin === 'event' || origin === 'run', result: await dryRun(automation?.id, body) };
    },
    onSuccess: ({ result: { steps } }) => onResult(new Map(steps.map(({ path, status }) => [path, status]))),
  });
  const name = automation?.name ?? nameIn(definition);
  const missing = { sample: false, own: false, run: runId === '', event: changeId === '' }[origin];
  return (
    <Panel
      title="Dry run"
      aside={
        <button type="button" disabled={!may || disabled || run.isPending || missing} onClick={() => run.mutate()}>
          <FlaskConical size={14} aria-hidden /> Try it out
        </button>
      }
    >
      <div className="detail">
        <div className="field-row">
          <SelectField
            label="Trigger"
            value={trigger?.id ?? ''}
            options={triggers.map(({ id }) => id)}
            onChange={(next) => {
              setChosen(next);
              setChangeId('');
            }}
          />
          <OriginField origin={origin} hasRuns={automation !== undefined} onChange={setOrigin} />
          {origin === 'event' && <PastEvents trigger={trigger} value={changeId} onChange={setChangeId} />}
          {origin === 'run' && <PastRuns automationId={automation?.id} value={runId} onChange={setRunId} />}
        </div>
        {origin === 'own' && <AreaField label="Custom payload as JSON" code rows={6} value={own} onChange={setOwn} />}
        {run.error !== null && <Problem error={run.error} />}
        {run.data !== undefined && (
          <Tried name={name} definition={definition} event={trigger?.event} tried={run.data} />
        )}
      </div>
    </Panel>
  );
}

interface TriedResult {
  result: Result;
  /** Whether the input was a past event, or the payload of a past run. */
  isPast: boolean;
}

type TriedProps = Omit<Parameters<typeof SaveAsTest>[0], 'event' | 'tried'> & {
  tried: Parameters<typeof SaveAsTest>[0]['tried'] & TriedResult;
  /** Undefined for a definition without triggers. Its dry run cannot be saved as a test. */
  event: string | undefined;
};

/** The outcome of a dry run, and a button that saves it as a test. */
function Tried({ event, ...test }: TriedProps) {
  return (
    <>
      <Outcome {...test.tried} />
      {event !== undefined && <SaveAsTest event={event} {...test} />}
    </>
  );
}

interface OriginFieldProps {
  origin: Origin;
  /** Whether the automation has been saved. Only saved automations have runs. */
  hasRuns: boolean;
  onChange(origin: Origin): void;
}

function OriginField({ origin, hasRuns, onChange }: OriginFieldProps) {
  return (
    <SelectField<Origin>
      label="Payload"
      value={origin}
      options={[
        { value: 'sample', label: 'Sample payload' },
        { value: 'event', label: 'A past event' },
        ...(hasRuns ? [{ value: 'run' as const, label: 'The payload of a past run' }] : []),
        { value: 'own', label: 'Custom payload' },
      ]}
      onChange={onChange}
    />
  );
}

/** Returns the automation's name from a definition that may be incomplete. */
function nameIn(definition: unknown): string {
  return String((isRecord(definition) ? definition['name'] : undefined) ?? 'automation');
}

/**
 * Performs a dry run of a definition. If an id is given, the definition replaces that automation's saved definition for
 * the dry run.
 */
function dryRun(id: string | undefined, body: DryRunBody): Promise<Result> {
  return id === undefined
    ? bodyOf(api.POST('/api/v1/automations/dry-run', { body }))
    : bodyOf(api.POST('/api/v1/automations/{id}/dry-run', { params: { path: { id } }, body }));
}

interface PastRunsProps {
  /** Undefined for an automation that has not been saved, which has no runs. */
  automationId: string | undefined;
  value: string;
  onChange(id: string): void;
}

function PastRuns({ automationId, value, onChange }: PastRunsProps) {
  const past = useQuery({
    queryKey: ['runs', 'to try', automationId],
    enabled: automationId !== undefined,
    queryFn: () =>
      bodyOf(api.GET('/api/v1/runs', { params: { query: { automationId: automationId ?? '', limit: 20 } } })),
  });
  if (automationId === undefined) return null;
  const options = past.data?.items.map((each) => ({ value: each.id, label: runText(each) }));
  return (
    <PastField
      label="Run"
      {...{ value, options, onChange }}
      error={past.error}
      choose="Choose a run"
      none="No runs yet"
    />
  );
}

interface PastFieldProps {
  label: string;
  value: string;
  /** Undefined until the past runs or events have been read. */
  options: readonly { value: string; label: string }[] | undefined;
  error: Error | null;
  choose: string;
  none: string;
  onChange(value: string): void;
}

/**
 * A field for choosing a past run or event. Says whether there are none, whether they are still being read, or why they
 * cannot be read.
 */
function PastField({ label, value, options, error, choose, none, onChange }: PastFieldProps) {
  if (options === undefined && error !== null) return <Problem error={error} />;
  const first = options === undefined ? 'Loading…' : options.length === 0 ? none : choose;
  return (
    <SelectField
      label={label}
      value={value}
      options={[{ value: '', label: first }, ...(options ?? [])]}
      onChange={onChange}
    />
  );
}

function runText(run: components['schemas']['ListedRun']): string {
  const at = run.startedAt === null ? 'not started' : absoluteText(Date.parse(run.startedAt));
  return [at, run.status, contextText(run)].filter((part) => part !== undefined).join(' · ');
}

interface PastEventsProps {
  /** Undefined for a definition without triggers. */
  trigger: EventOfTrigger | undefined;
  value: string;
  onChange(id: string): void;
}

type EventOfTrigger = Pick<ReturnType<typeof triggersOf>[number], 'event' | 'config'>;

/** Returns the filter for changes that a trigger receives: the type of a custom event, or the kind of an entity. */
function changesFor({ event, config }: EventOfTrigger): { event: string; kind?: string; entity?: string } {
  const { type, kind, id } = config;
  if (event === 'automation.event' && typeof type === 'string') return { event: type };
  if (event !== 'automation.entity_changed' || typeof kind !== 'string') return { event };
  return { event, kind, ...(typeof id === 'string' ? { entity: id } : {}) };
}

/** A list of the last 20 changes that a trigger can receive, including those that started no run. */
function PastEvents({ trigger, value, onChange }: PastEventsProps) {
  const filter = trigger === undefined ? undefined : changesFor(trigger);
  const { data, error } = useQuery({
    queryKey: ['changes', 'of event', filter],
    enabled: filter !== undefined,
    queryFn: () => bodyOf(api.GET('/api/v1/changes', { params: { query: { ...filter, limit: 20 } } })),
  });
  if (filter === undefined) return null;
  const options = data?.items.map((change) => ({ value: change.changeId, label: changeText(change) }));
  return (
    <PastField
      label="Event"
      {...{ value, options, error, onChange }}
      choose="Choose an event"
      none="No events recorded"
    />
  );
}

function changeText(change: components['schemas']['ChangeSummary']): string {
  const { kind, name, id, occurredAt } = change;
  const subject = [kind, name ?? id].filter((part) => part !== null).join(' ');
  return [changeName(change), subject, absoluteText(Date.parse(occurredAt))].filter(Boolean).join(' · ');
}

interface Chosen {
  runId: string;
  changeId: string;
  own: string;
}

async function inputOf(
  origin: Origin,
  trigger: { id: string; event: string } | undefined,
  { runId, changeId, own }: Chosen,
) {
  const triggerId = trigger === undefined ? {} : { triggerId: trigger.id };
  if (origin === 'event') return { ...triggerId, changeId };
  if (origin === 'own') {
    const payload: unknown = JSON.parse(own);
    if (!isRecord(payload)) throw new Error('The payload must be a JSON object.');
    return { ...triggerId, payload };
  }
  if (origin === 'run') {
    const { scope } = await bodyOf(api.GET('/api/v1/runs/{id}/scope', { params: { path: { id: runId } } }));
    const payload = scope.trigger['payload'];
    return {
      ...triggerId,
      ...(isRecord(payload) ? { payload } : {}),
      ...(scope.contextKey === null ? {} : { contextKey: scope.contextKey }),
    };
  }
  if (trigger === undefined) return {};
  const { payload } = await bodyOf(
    api.GET('/api/v1/triggers/{event}/sample', { params: { path: { event: trigger.event } } }),
  );
  return { ...triggerId, ...(isRecord(payload) ? { payload } : {}) };
}

function Outcome({ result, isPast }: TriedResult) {
  const runs = result.outcome === 'would_run';
  return (
    <div className="detail-inner" role="status" aria-label="Outcome of the dry run">
      <p>
        <Status
          value={runs ? 'started' : 'refused'}
          label={
            runs
              ? `It would run and end with status ${result.end?.status ?? 'success'}`
              : `It would not run: ${result.outcome.replaceAll('_', ' ')}`
          }
        />
      </p>
      {isPast && (
        <p className="faint">
          Health, states and waits are read as they are now, not as they were at the time of the event.
        </p>
      )}
      <ul className="plain">
        {result.gates.map(({ gate, passed, detail, deciding, conditions }, index) => (
          <li key={index}>
            <Status value={passed === false ? 'failed' : passed ? 'success' : 'skipped'} label={gate} />{' '}
            {deciding === undefined ? detail : <PartValues part={deciding} />}
            {passed === false && conditions !== undefined && <ConditionList traces={conditions} />}
          </li>
        ))}
        {result.steps.map(({ path, actionId, kind, status, config, result: made, error }) => (
          <li key={path}>
            <details>
              <summary>
                <Status value={status} label={actionId ?? kind} /> <span className="cell-sub">{path}</span>
                {error !== null && <span className="tone-bad"> {String(error['message'] ?? error['code'])}</span>}
              </summary>
              <Json value={{ config, result: made }} />
            </details>
          </li>
        ))}
      </ul>
    </div>
  );
}
