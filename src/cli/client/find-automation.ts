import { nearest } from '../../domain/expressions/nearest';
import type { ApiClient } from '../client';
import { UsageError } from '../usage-error';
import { Automation } from './answers';
import { ApiProblem } from './problem';

/** Matches the id of an automation. */
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Returns the automation with the given id or name.
 * @throws {UsageError} with the matches, when several automations have the name or when names only contain it; {@link
 * ApiProblem} when nothing matches
 */
export async function findAutomation(client: ApiClient, nameOrId: string): Promise<Automation> {
  if (UUID.test(nameOrId)) return client.get(`/automations/${nameOrId}`, Automation);
  const found = await client.list('/automations', Automation, { q: nameOrId });
  const exact = found.filter(({ name }) => name === nameOrId);
  const [first] = exact;
  if (first !== undefined && exact.length === 1) return client.get(`/automations/${first.id}`, Automation);
  if (exact.length > 1) throw new UsageError(`${exact.length} automations have this name; use an id:\n${lines(exact)}`);
  if (found.length > 0)
    throw new UsageError(`Automation "${nameOrId}" not found. These have similar names:\n${lines(found)}`);
  const names = (await client.list('/automations', Automation)).map(({ name }) => name);
  const meant = nearest(nameOrId, names);
  const hint =
    meant === undefined
      ? '"fermata automations" lists all automations; "fermata automations --why" includes deleted ones.'
      : `Did you mean "${meant}"?`;
  throw new ApiProblem(`Automation "${nameOrId}" not found. ${hint}`, { status: 404, code: 'not_found' });
}

const lines = (automations: readonly Automation[]) =>
  automations.map(({ id, name, group }) => `  ${id}  ${name}${group == null ? '' : ` (${group})`}`).join('\n');
