import type { DecidingPart } from '../domain/conditions/deciding-part';
import { storableJson } from './storable-json';

/** Why a candidate for a change did not become a run. */
export interface Refused {
  changeId: string;
  automationId: string;
  automationName: string;
  triggerId: string;
  version: number;
  outcome: string;
  detail?: string | undefined;
  deciding?: DecidingPart | readonly DecidingPart[] | undefined;
  dwell?: Record<string, unknown> | undefined;
  counted?: { count: number; needed: number } | undefined;
}

/**
 * The refusals of several changes, as one row of `routings` stores them. The same filters refuse most events, so
 * separate rows for each candidate would repeat the same details.
 */
export interface PackedRefusals {
  changeIds: string[];
  /** JSON array of `Group`. */
  refused: string;
}

type Shared = Omit<Refused, 'changeId' | 'deciding'>;

/** Refusals that differ only in their change and deciding part. */
interface Group extends Shared {
  /** Position in `changeIds`, and the deciding part or null. */
  of: [place: number, deciding: NonNullable<Refused['deciding']> | null][];
}

/** Maximum number of refusals in a row, unless a single change has more. This limits how much JSON a look-up parses. */
const MAX_REFUSALS = 500;

/** Packs the refusals of several changes. The refusals of one change share a row and keep their order. */
export function packRefusals(changes: readonly (readonly Refused[])[]): PackedRefusals[] {
  const packs: PackedRefusals[] = [];
  let open: Refused[] = [];
  for (const refusals of changes) {
    if (open.length > 0 && open.length + refusals.length > MAX_REFUSALS) {
      packs.push(pack(open));
      open = [];
    }
    open.push(...refusals);
  }
  if (open.length > 0) packs.push(pack(open));
  return packs;
}

function pack(refusals: readonly Refused[]): PackedRefusals {
  const places = new Map<string, number>();
  const groups = new Map<string, Group>();
  for (const refusal of refusals) {
    const { changeId, deciding = null } = refusal;
    const place = places.get(changeId) ?? places.size;
    places.set(changeId, place);
    const key = keyOf(refusal);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ...sharedOf(refusal), of: [[place, deciding]] });
    else group.of.push([place, deciding]);
  }
  return { changeIds: [...places.keys()], refused: storableJson([...groups.values()]) };
}

function keyOf({ automationId, triggerId, version, outcome, detail, dwell, counted }: Shared): string {
  const rest = dwell === undefined && counted === undefined ? '' : JSON.stringify([dwell, counted]);
  return `${automationId} ${version} ${outcome} ${triggerId}\n${detail}\n${rest}`;
}

const sharedOf = ({ automationId, automationName, triggerId, version, outcome, detail, dwell, counted }: Shared) => ({
  ...{ automationId, automationName, triggerId, version, outcome, detail, dwell, counted },
});

/** Returns the refusals of one change. */
export function unpackRefusals({ changeIds, refused }: PackedRefusals, changeId: string): Omit<Refused, 'changeId'>[] {
  const wanted = changeIds.indexOf(changeId);
  return (JSON.parse(refused) as Group[]).flatMap(({ of, ...shared }) =>
    of
      .filter(([place]) => place === wanted)
      .map(([, deciding]) => ({ ...shared, ...(deciding !== null && { deciding }) })),
  );
}
