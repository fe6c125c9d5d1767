import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiClient } from '../../cli/client';
import { Entity, isOver, Run, RunDetail, Transition } from '../../cli/client/answers';
import { ApiProblem } from '../../cli/client/problem';
import type { ReceivedRequest, Receiver } from './receiver';

const Accepted = z.looseObject({ changeIds: z.array(z.string()) });

/** What came of one post of an alert. */
export interface Act {
  title: string;
  alerts: Alert[];
  postedAt: Date;
  answeredAt: Date;
  changeIds: string[];
  /** What the change did to the status of the systems. */
  transitions: { systemId: string; transition: Transition }[];
  /** Oldest first; the first of the automation that the demo is about is `main`. */
  runs: RunDetail[];
  main: RunDetail | undefined;
  received: ReceivedRequest[];
  /** What is missing; undefined = the effect arrived and the run is a success. */
  failure: string | undefined;
}

/** What a person recognises of an alert. */
export interface Alert {
  name: string;
  severity: string;
  system: string;
  summary: string;
}

const Payload = z.looseObject({
  alerts: z.array(
    z.looseObject({
      labels: z.looseObject({ alertname: z.string(), severity: z.string(), system: z.string() }),
      annotations: z.looseObject({ summary: z.string() }),
    }),
  ),
});

interface ScenarioDeps {
  client: ApiClient;
  receiver: Receiver;
  /** Id of the automation whose run is waited for. */
  automationId: string;
  /** Path at the receiver where its effect arrives. */
  effectPath: string;
}

/** Longest wait for the effect of one post. */
const PATIENCE_MS = 60_000;
/** What other automations do about it gets this long after the main effect. */
const SETTLE_MS = 3_000;
const POLL_MS = 100;

/** Whether a system is left in trouble by an earlier, interrupted demo. */
export async function isInTrouble(client: ApiClient, systemId: string): Promise<boolean> {
  try {
    const { state } = await client.get(`/entities/health/${encodeURIComponent(systemId)}`, Entity);
    return state['status'] !== 'healthy';
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return false;
    throw error;
  }
}

/** Posts a payload of Alertmanager and waits for what comes of it. */
export async function play(deps: ScenarioDeps, title: string, payload: unknown): Promise<Act> {
  const { client, receiver, automationId, effectPath } = deps;
  const postedAt = new Date();
  const { changeIds } = await client.send('POST', '/ingest/alertmanager', Accepted, { body: { json: payload } });
  const answeredAt = new Date();
  const since = () => receiver.received.filter(({ at }) => at >= postedAt);
  const runsSince = () => client.list('/runs', Run, { from: postedAt.toISOString() });

  const patience = Date.now() + PATIENCE_MS;
  let runs: Run[] = [];
  let main: Run | undefined;
  const arrived = () => since().some(({ path }) => path === effectPath);
  while (Date.now() < patience) {
    runs = await runsSince();
    main = runs.findLast((run) => run.automationId === automationId);
    if (main !== undefined && isOver(main.status) && (arrived() || main.status !== 'success')) break;
    await sleep(POLL_MS);
  }
  const settled = Date.now() + SETTLE_MS;
  while (Date.now() < settled && runs.some(({ status }) => status === 'pending' || status === 'running')) {
    await sleep(POLL_MS);
    runs = await runsSince();
  }
  const details = await Promise.all(runs.map(({ id }) => client.get(`/runs/${id}`, RunDetail)));
  const alerts = alertsOf(payload);
  const mainDetail = details.find(({ run }) => run.id === main?.id);
  return {
    ...{ title, alerts, postedAt, answeredAt, changeIds },
    transitions: await statusTransitions(client, new Set(alerts.map(({ system }) => system)), changeIds),
    runs: details.reverse(),
    main: mainDetail,
    received: since(),
    failure: failureOf(mainDetail?.run, arrived(), changeIds),
  };
}

async function statusTransitions(client: ApiClient, systemIds: ReadonlySet<string>, changeIds: readonly string[]) {
  const found = await Promise.all(
    [...systemIds].map(async (systemId) => {
      const path = `/entities/health/${encodeURIComponent(systemId)}/transitions`;
      const transitions = await client.list(path, Transition, { limit: 20 });
      return transitions
        .filter(({ field, changeId }) => field === 'status' && changeId != null && changeIds.includes(changeId))
        .map((transition) => ({ systemId, transition }));
    }),
  );
  return found.flat();
}

function failureOf(run: Run | undefined, arrived: boolean, changeIds: readonly string[]): string | undefined {
  if (run === undefined) {
    return changeIds.length === 0
      ? 'the alert changed nothing: the system was in that state already'
      : `no run within ${PATIENCE_MS / 1000} s`;
  }
  if (run.status !== 'success') return `the run is ${run.status}`;
  return arrived ? undefined : 'the run succeeded, but nothing arrived at the receiver';
}

function alertsOf(payload: unknown): Alert[] {
  return Payload.parse(payload).alerts.map(({ labels, annotations }) => ({
    name: labels.alertname,
    severity: labels.severity,
    system: labels.system,
    summary: annotations.summary,
  }));
}
