import { sql, type SQL } from 'drizzle-orm';
import type { ArtifactEntity } from '../../domain/registry/action-description';
import type { ArtifactType } from '../../domain/registry/registry';

/**
 * Returns an SQL condition that is true when the entity of the artifact `a` exists and has not ended. An entity that a
 * person or another automation ends, or that ends by the clock, leaves the artifact's `closed_at` null: only steps
 * close artifacts. A subquery is used instead of a join, so a search for the newest artifact stops at the first one.
 */
export const isEntityOpen = ({ kind, idField, endedStatuses = [] }: ArtifactEntity): SQL => sql`coalesce((
  select e.state is not null and coalesce(e.state ->> 'status', '') <> all(${sql.param(endedStatuses)}::text[])
  from entities e
  where e.kind = ${kind === undefined ? sql`a.data ->> 'kind'` : kind} and e.id = a.data ->> ${idField}::text), false)`;

/** Returns an SQL condition that is false when the artifact `a` has one of the types and its entity has ended. */
export function isArtifactOpen(types: readonly ArtifactType[]): SQL {
  const cases = types.flatMap(({ id, entity }) => (entity ? [sql`when ${id} then ${isEntityOpen(entity)}`] : []));
  return cases.length === 0 ? sql`true` : sql`case a.type ${sql.join(cases, sql` `)} else true end`;
}
