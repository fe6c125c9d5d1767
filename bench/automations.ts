import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { createNotifier } from '../src/db/notifier';
import { allRouted, postEvents } from './events';
import type { Stack } from './stack';

/** An automation document; the service checks it when it is saved. */
type Document = Record<string, unknown>;

/** Sends so many requests, one after another. */
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

/** Looks at every event of a type and wants none of them. */
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

/** Saves an automation over REST and gives its id. */
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

/** Three kinds of automations as an operations team has them, with their share of every ten. */
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
 * Fills a stack with automations that no event of the bench concerns. One of each kind is saved over REST; the others
 * are copies of its row, each with a type or a filter of its own, written in one statement for each kind.
 */
async function fillWithAutomations(stack: Stack, count: number): Promise<void> {
  for (const [index, { share, trigger, place }] of KINDS.entries()) {
    const document = { name: `Fill ${index}`, triggers: [trigger], actions: ACTIONS };
    const id = await saveAutomation(stack, document);
    await copyAutomation(stack, id, Math.round((count * share) / 10) - 1, place);
  }
  createNotifier(stack.database.pool).definitions();
}

/** Type of events that no automation listens to. */
export const UNMATCHED = 'bench.unmatched';

/**
 * Fills a stack and resolves when its worker has loaded all automations: an event is routed by an index that has all
 * definitions saved before it.
 */
export async function loadAutomations(stack: Stack, count: number): Promise<void> {
  await fillWithAutomations(stack, count);
  await postEvents(stack, [{ type: UNMATCHED, subject: 'first', data: {} }]);
  await allRouted(stack);
}

/** Copies differ in a number inside one text of their trigger; their revisions follow each other, as saves would. */
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
