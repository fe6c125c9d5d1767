import { z } from 'zod';
import type { CallingAction } from '../contract';
import { createTextLimits } from '../limit-text';
import { PagerdutyConnection, type PagerdutyClient } from './client';

const Text = z.string().trim().min(1);
const TIMEOUT_MS = 30_000;
const common = { connection: 'pagerduty', execution: 'call', timeoutMs: () => TIMEOUT_MS } as const;
/** Maximum length of a note in characters: https://developer.pagerduty.com/api-reference */
const MAX_NOTE = 25_000;

const NoteConfig = z.strictObject({ connectionId: Text, incidentId: Text, note: Text });
const Note = z.object({ noteId: z.string(), incidentId: z.string() });
const PagerdutyNote = z.looseObject({ id: z.string(), content: z.string() });

/**
 * Creates the action `integration-pagerduty.add_note`. A repeated attempt finds the note of an earlier attempt by its
 * text.
 */
export function createAddNote(client: PagerdutyClient): CallingAction<z.infer<typeof NoteConfig>> {
  return {
    ...common,
    id: 'add_note',
    displayName: 'Add PagerDuty note',
    description: 'Adds a note to an incident; needs apiToken and fromEmail.',
    configSchema: NoteConfig,
    produces: { name: 'note', schema: Note },
    async execute({ config, connection, sentBefore, now, signal, timeoutMs, note }) {
      const account = PagerdutyConnection.parse(connection);
      const call = { now, signal, timeoutMs };
      const path = `/incidents/${encodeURIComponent(config.incidentId)}/notes`;
      const content = createTextLimits('PagerDuty', note)('note', config.note, { characters: MAX_NOTE });
      const done = (noteId: string) => {
        const artifact = { noteId, incidentId: config.incidentId };
        return { output: artifact, artifact };
      };
      if (sentBefore) {
        const answer = z.looseObject({ notes: z.array(PagerdutyNote) });
        const { notes } = await client.rest(account, call, { method: 'GET', path }, answer);
        const earlier = notes.find((one) => one.content === content);
        if (earlier) return done(earlier.id);
      }
      const request = { method: 'POST', path, body: { note: { content } } } as const;
      return done((await client.rest(account, call, request, z.looseObject({ note: PagerdutyNote }))).note.id);
    },
  };
}

const OnCallConfig = z
  .strictObject({ connectionId: Text, scheduleId: Text.optional(), escalationPolicyId: Text.optional() })
  .refine((config) => config.scheduleId !== undefined || config.escalationPolicyId !== undefined, {
    path: ['scheduleId'],
    message: 'needs scheduleId or escalationPolicyId',
  });
const User = z.object({ id: z.string(), name: z.string(), email: z.string().optional(), level: z.int().optional() });
const OnCalls = z.looseObject({
  oncalls: z.array(
    z.looseObject({
      escalation_level: z.int().nullish(),
      user: z.looseObject({
        id: z.string(),
        name: z.string().optional(),
        summary: z.string().optional(),
        email: z.string().optional(),
      }),
    }),
  ),
});

/**
 * Creates the action `integration-pagerduty.on_call`. It returns the users who are currently on call, sorted by
 * escalation level in ascending order.
 */
export function createOnCall(client: PagerdutyClient): CallingAction<z.infer<typeof OnCallConfig>> {
  return {
    ...common,
    id: 'on_call',
    displayName: 'Who is on call (PagerDuty)',
    description: 'Lists the people on call for a schedule or an escalation policy. Needs `apiToken` in the connection.',
    configSchema: OnCallConfig,
    produces: { name: 'on_call', schema: z.object({ users: z.array(User) }) },
    async execute({ config: { scheduleId, escalationPolicyId }, connection, now, signal, timeoutMs }) {
      const query = new URLSearchParams({ limit: '100', earliest: 'true' });
      query.append('include[]', 'users');
      if (scheduleId !== undefined) query.append('schedule_ids[]', scheduleId);
      if (escalationPolicyId !== undefined) query.append('escalation_policy_ids[]', escalationPolicyId);
      const account = PagerdutyConnection.parse(connection);
      const request = { method: 'GET', path: `/oncalls?${query.toString()}` } as const;
      const { oncalls } = await client.rest(account, { now, signal, timeoutMs }, request, OnCalls);
      const sorted = [...oncalls].sort((a, b) => (a.escalation_level ?? 0) - (b.escalation_level ?? 0));
      const users = new Map<string, z.infer<typeof User>>();
      for (const { user, escalation_level: level } of sorted) {
        if (users.has(user.id)) continue;
        const { id, name, summary, email } = user;
        const known = { id, name: name ?? summary ?? id, ...(email !== undefined && { email }) };
        users.set(id, { ...known, ...(typeof level === 'number' && { level }) });
      }
      const artifact = { users: [...users.values()] };
      return { output: artifact, artifact };
    },
  };
}
