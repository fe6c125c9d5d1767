import { durationText } from './duration-text';
import type { PerformedAction } from './stand-ins';
import type { Stage } from './stage';

/** A step in responses of the API, with its configuration. */
export interface SeenStep extends Record<string, unknown> {
  path: string;
  id: string | null;
}

/** A complete run in a response of the API. */
export interface SeenRun extends Record<string, unknown> {
  automation: string;
  steps: SeenStep[];
  artifacts: Record<string, unknown>;
}

/** A call to another system. A stand-in answered the call. */
export interface SeenCall extends Record<string, unknown> {
  action: string;
  id: string | null;
  automation: string;
  config: unknown;
}

interface Detail {
  run: Record<string, unknown> & { automationName: string };
  steps: (Record<string, unknown> & { path: string; actionId: string | null })[];
  artifacts: { actionId: string | null; data: unknown }[];
}

/**
 * Returns all runs so far. The oldest run is first, and runs that were created at the same instant are in the order of
 * `automations`.
 */
export async function seenRuns(stage: Stage, automations: ReadonlyMap<string, string>): Promise<SeenRun[]> {
  const listed = await allOf<{ id: string; automationId: string; createdAt: string }>(stage, '/runs');
  const places = new Map([...automations.values()].map((id, index) => [id, index]));
  const keyOf = ({ createdAt, automationId }: (typeof listed)[number]) =>
    `${createdAt} ${String(places.get(automationId) ?? 0).padStart(4, '0')}`;
  const runs = [];
  for (const { id } of listed.reverse().sort((a, b) => keyOf(a).localeCompare(keyOf(b)))) {
    const { run, steps, artifacts } = (await stage.call('GET', `/runs/${id}`)).body as Detail;
    runs.push({
      ...{ ...run, ...timesOf(run, stage.start), automation: run.automationName },
      steps: steps.map((step) => ({
        ...step,
        ...timesOf(step, stage.start),
        id: step.actionId,
        config: configOf(stage.performed, id, step.path),
      })),
      artifacts: Object.fromEntries(artifacts.map(({ actionId, data }) => [actionId ?? '', data])),
    });
  }
  return runs;
}

/** Returns all calls to other systems so far, in order, with one entry per attempt. */
export function seenCalls(stage: Stage, runs: readonly SeenRun[]): SeenCall[] {
  const automations = new Map(runs.map((run) => [run['id'], run.automation]));
  return stage.performed
    .filter(({ isCall }) => isCall)
    .map(({ runId, action, actionId, config }) => ({
      ...{ action, id: actionId, config, automation: automations.get(runId) ?? '' },
    }));
}

/**
 * Returns the reasons why events did not start runs. The reasons are grouped by automation, with the oldest first in
 * each group.
 */
export async function seenEvaluations(
  stage: Stage,
  automations: ReadonlyMap<string, string>,
): Promise<Record<string, unknown>[]> {
  const seen = [];
  for (const [automation, id] of automations) {
    const items = await allOf<Record<string, unknown>>(stage, `/automations/${id}/evaluations`);
    seen.push(...items.reverse().map((item) => ({ automation, ...item })));
  }
  return seen;
}

/** Returns the entities of a kind. */
export function seenEntities(stage: Stage, kind: string): Promise<{ id: string; state: unknown }[]> {
  return allOf(stage, `/entities/${encodeURIComponent(kind)}`);
}

/** Converts instants to the format that tests use: durations since the start of the test. */
function timesOf({ startedAt, finishedAt }: Record<string, unknown>, start: Date): Record<string, string | null> {
  const since = (at: unknown) => (typeof at === 'string' ? durationText(Date.parse(at) - start.getTime()) : null);
  return { startedAt: since(startedAt), finishedAt: since(finishedAt) };
}

function configOf(performed: readonly PerformedAction[], runId: string, path: string): unknown {
  return performed.findLast((one) => one.runId === runId && one.path === path)?.config ?? null;
}

async function allOf<T>(stage: Stage, path: string): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = await stage.call('GET', `${path}?limit=200${from}`);
    if (answer.status === 404) return items;
    const page = answer.body as { items: T[]; nextCursor: string | null };
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}
