import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiClient } from '../../cli/client';
import { Alert as AlertAnswer, isOver, Run, RunDetail, Transition } from '../../cli/client/answers';
import { ApiProblem } from '../../cli/client/problem';
import type { ReceivedRequest, Receiver } from './receiver';

const Accepted = z.looseObject({ changeIds: z.array(z.string()) });

/** What happened after an alert was posted. */
export interface PostedAlert {
  title: string;
  alerts: Alert[];
  postedAt: Date;
  answeredAt: Date;
  changeIds: string[];
  /** Status transitions of the systems that the alert affected. */
  transitions: { systemId: string; transition: Transition }[];
  /** Runs that started after the post, and the run `main`, which may be older. */
  runs: RunDetail[];
  main: RunDetail | undefined;
  received: ReceivedRequest[];
  /** Describes what is missing. Undefined if everything happened as expected. */
  failure: string | undefined;
}

/** The fields by which a user recognises an alert. */
export interface Alert {
  name: string;
  severity: string;
  system: string;
  summary: string;
}

const Payload = z.looseObject({
  alerts: z.array(
    z.looseObject({
      fingerprint: z.string(),
      labels: z.looseObject({ alertname: z.string(), severity: z.string(), system: z.string() }),
      annotations: z.looseObject({ summary: z.string() }),
    }),
  ),
});

interface ScenarioDeps {
  client: ApiClient;
  receiver: Receiver;
  /** Id of the automation whose run is expected. */
  automationId: string;
}

/** The expected state of the main run after a post. */
export interface Expected {
  title: string;
  /** `waiting` means that the run waits for something, `success` that it has ended successfully. */
  status: 'waiting' | 'success';
  /** Path of the receiver to which a request must have been sent. */
  effectPath?: string;
  /** Earliest start of the main run. Default: the time of the post. */
  runSince?: Date;
}

/** Timeout in milliseconds for the effects of one post. */
const EFFECT_TIMEOUT_MS = 60_000;
/** Milliseconds to wait for other automations after the main effect. */
const SETTLE_MS = 3_000;
const POLL_MS = 100;

/** Returns whether an alert is already firing, because an earlier demo left it firing or was interrupted. */
export async function isFiring(client: ApiClient, fingerprint: string): Promise<boolean> {
  try {
    return (await client.get(`/alerts/${encodeURIComponent(fingerprint)}`, AlertAnswer)).status === 'firing';
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return false;
    throw error;
  }
}

/** Posts an Alertmanager payload and waits for the runs that it starts. */
export async function postAndWait(deps: ScenarioDeps, expected: Expected, payload: unknown): Promise<PostedAlert> {
  const { client, receiver, automationId } = deps;
  const { title, status, effectPath } = expected;
  const postedAt = new Date();
  const { changeIds } = await post(client, payload);
  const answeredAt = new Date();
  const since = () => receiver.received.filter(({ at }) => at >= postedAt);
  const arrived = () => effectPath === undefined || since().some(({ path }) => path === effectPath);
  const fingerprints = new Set(Payload.parse(payload).alerts.map(({ fingerprint }) => fingerprint));
  const from = (expected.runSince ?? postedAt).toISOString();
  const mainRun = async () =>
    (await client.list('/runs', Run, { automationId, from })).find(({ contextKey }) =>
      fingerprints.has(contextKey ?? ''),
    );

  const deadline = Date.now() + EFFECT_TIMEOUT_MS;
  let main: Run | undefined;
  while (Date.now() < deadline) {
    main = await mainRun();
    if (main !== undefined && (main.status === status || isOver(main.status)) && arrived()) break;
    await sleep(POLL_MS);
  }
  const runs = await othersSettled(client, postedAt);
  const ids = new Set([...(main === undefined ? [] : [main.id]), ...runs.map(({ id }) => id)]);
  const details = await Promise.all([...ids].map((id) => client.get(`/runs/${id}`, RunDetail)));
  const alerts = alertsOf(payload);
  const mainDetail = details.find(({ run }) => run.id === main?.id);
  return {
    ...{ title, alerts, postedAt, answeredAt, changeIds },
    transitions: await statusTransitions(client, new Set(alerts.map(({ system }) => system)), changeIds),
    runs: details,
    main: mainDetail,
    received: since(),
    failure: failureOf(mainDetail?.run, expected, { arrived: arrived(), changeIds }),
  };
}

/** Posts a payload without waiting for runs. */
export async function post(client: ApiClient, payload: unknown): Promise<z.infer<typeof Accepted>> {
  return client.send('POST', '/ingest/alertmanager', Accepted, { body: { json: payload } });
}

/** Waits briefly for other automations. Returns all runs since the post. */
async function othersSettled(client: ApiClient, postedAt: Date): Promise<Run[]> {
  const runsSince = () => client.list('/runs', Run, { from: postedAt.toISOString() });
  const settled = Date.now() + SETTLE_MS;
  let runs = await runsSince();
  while (Date.now() < settled && runs.some(({ status }) => status === 'pending' || status === 'running')) {
    await sleep(POLL_MS);
    runs = await runsSince();
  }
  return runs;
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

function failureOf(
  run: Run | undefined,
  { status, effectPath }: Expected,
  { arrived, changeIds }: { arrived: boolean; changeIds: readonly string[] },
): string | undefined {
  if (run === undefined) {
    return changeIds.length === 0
      ? 'the alert changed nothing: it was in that state already'
      : `no run within ${EFFECT_TIMEOUT_MS / 1000} s`;
  }
  if (run.status !== status) return `the run is ${run.status}, not ${status}`;
  return arrived ? undefined : `nothing arrived at ${effectPath ?? ''} of the receiver`;
}

function alertsOf(payload: unknown): Alert[] {
  return Payload.parse(payload).alerts.map(({ labels, annotations }) => ({
    name: labels.alertname,
    severity: labels.severity,
    system: labels.system,
    summary: annotations.summary,
  }));
}
