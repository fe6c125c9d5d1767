import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { createNotifier } from '../src/db/notifier';
import { allRouted, postEvents } from './events';
import type { Stack } from './stack';

/** An automation document. The service validates it when it is saved. */
type Document = Record<string, unknown>;

/** Returns an automation that sends the given number of requests, one after another. */
export function sendingAutomation(url: string, requests: number): Document {
  const step = (n: number) => ({
    action: 'integration-webhook.send',
    config: { url, body: { run: '{{ trigger.payload.data.run }}', step: n } },
  });
  return {
    name: `Send ${requests}`,
    triggers: [{ event: 'automation.event', config: { type: `bench.send.${requests}` } }],
    mode: 'parallel',
    max_runs: 1000,
    actions: Array.from({ length: requests }, (_, n) => step(n)),
  };
}

/**
 * Returns an automation that listens to events of the given type and whose filter rejects all of the bench's events.
 */
export function rejectingAutomation(type: string): Document {
  return {
    name: 'Reject',
    triggers: [
      {
        event: 'automation.event',
        config: { type },
        filter: 'trigger.payload.data.level == "high" && trigger.payload.data.value > 10',
      },
    ],
    actions: [{ action: 'automation.log', config: { message: 'never' } }],
  };
}

/** Saves an automation over REST and returns its id. */
export async function saveAutomation(stack: Stack, document: Document): Promise<string> {
  const answer = await stack.post('/api/v1/automations', 'application/json', document);
  return z.object({ id: z.string() }).parse(answer).id;
}

const ACTIONS = [
  {
    id: 'open',
    action: 'incident.create',
    config: { title: '{{ trigger.event }}', severity: 'major', systemIds: ['db-1'], dedupe_open_for_system: true },
  },
  { delay: { minutes: 5 } },
  { action: 'incident.add_update', config: { message: 'still open' } },
];

/**
 * The three kinds of automation that an operations team typically has. `share` is how many of every ten automations are
 * of this kind. `place` is the path of the trigger field that differs between copies.
 */
const KINDS = [
  { share: 7, trigger: { event: 'automation.event', config: { type: 'other.0' } }, place: ['config', 'type'] },
  {
    share: 2,
    trigger: { event: 'healthcheck.system_degraded', filter: 'trigger.payload.systemId == "system-0"' },
    place: ['filter'],
  },
  {
    share: 1,
    trigger: { event: 'incident.created', filter: 'trigger.payload.severity == "severity-0"' },
    place: ['filter'],
  },
] as const;

/**
 * Fills a stack with automations that match none of the bench's events. Saves one automation of each kind over REST.
 * One statement per kind then inserts copies of its row, each with a different type or filter.
 */
async function fillWithAutomations(stack: Stack, count: number): Promise<void> {
  for (const [index, { share, trigger, place }] of KINDS.entries()) {
    const document = { name: `Fill ${index}`, triggers: [trigger], actions: ACTIONS };
    const id = await saveAutomation(stack, document);
    await copyAutomation(stack, id, Math.round((count * share) / 10) - 1, place);
  }
  createNotifier(stack.database.pool).definitions();
}

/** Event type that no automation listens to. */
export const UNMATCHED = 'bench.unmatched';

/**
 * Fills a stack with automations, and resolves when its worker has loaded all of them. An event is routed only once all
 * definitions saved before it have been loaded, so the function posts an event and waits until it is routed.
 */
export async function loadAutomations(stack: Stack, count: number): Promise<void> {
  await fillWithAutomations(stack, count);
  await postEvents(stack, [{ type: UNMATCHED, subject: 'first', data: {} }]);
  await allRouted(stack);
}

/**
 * Inserts copies of an automation. Each copy has a different number in the trigger field at `place`. The revisions of
 * the copies are consecutive, as if the copies had been saved one after another.
 */
async function copyAutomation(stack: Stack, id: string, copies: number, place: readonly string[]): Promise<void> {
  const path = sql`${`{triggers,0,${place.join(',')}}`}::text[]`;
  await stack.database.db.execute(sql`
    with base as (
      update definition_revision set revision = revision + ${copies} returning revision - ${copies} as revision),
    copy as materialized (
      select gen_random_uuid() as id, n, base.revision + n as revision from base, generate_series(1, ${copies}::int) n),
    made as (
      insert into automations (id, name, description, "group", status, version, revision, created_at, updated_at)
      select copy.id, a.name || ' copy ' || n, a.description, a."group", a.status, 1, copy.revision, now(), now()
      from automations a, copy where a.id = ${id})
    insert into automation_versions (automation_id, version, definition, created_at, created_by)
    select copy.id, 1, jsonb_set(v.definition, ${path},
      to_jsonb(replace(v.definition #>> ${path}, '0', n::text))), now(), v.created_by
    from automation_versions v, copy where v.automation_id = ${id}`);
}
