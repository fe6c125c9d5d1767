import { LruCache } from '../domain/expressions/lru-cache';

/** An attempt that takes longer than this makes its origin slow. */
const SLOW_MS = 1_000;
/** Number of quick attempts in a row after which a slow origin counts as quick. */
const QUICK_IN_A_ROW = 3;
/** A slow origin that was not called for this long is tried locally again. */
const FORGET_MS = 60_000;
/** Origins that are remembered. */
const ORIGINS = 2_000;

/**
 * The slots that an attempt uses: those of local activities, those of normal ones, or those of the task queue for
 * calls.
 */
export type CallSlots = 'local' | 'normal' | 'calls';

/** The load that calls put on the activity slots of this process, by origin. */
export interface OriginLoad {
  /**
   * Returns whether a local attempt to this origin may begin: its local attempts take less than their share of the
   * slots, and its recent attempts were quick.
   */
  admitsLocal(origin: string): boolean;
  /**
   * Returns whether an attempt to this origin may begin as a normal activity: its normal attempts take less than their
   * share.
   */
  admitsNormal(origin: string): boolean;
  /** Returns whether the origin is slow: its calls are performed on the task queue of calls. */
  isSlow(origin: string): boolean;
  /** Begins an attempt. The returned function ends it; an attempt that timed out is slow whatever time it took. */
  begin(origin: string, slots: CallSlots): (end: { timedOut: boolean }) => void;
}

interface Origin {
  /** Start of each local attempt under way, in milliseconds. */
  local: Set<{ since: number }>;
  /** Normal attempts under way. */
  normal: number;
  /** Quick attempts since the last slow one; `Infinity` = none was slow. */
  quick: number;
  lastAt: number;
}

/**
 * Limits the share of the activity slots that one origin takes. A local attempt holds a slot and a workflow task until
 * the server answers, so a server that hangs would stall claims, waits and dwells of all automations. A normal attempt
 * holds a slot that calls to other origins need. Kept per process, in memory. @param deps.slots slots for normal
 * activities in this process; there are as many for local ones. One origin takes at most a quarter of each
 */
export function createOriginLoad(deps: { slots: number; now?: () => number }): OriginLoad {
  const { now = () => performance.now() } = deps;
  const share = Math.max(1, Math.floor(deps.slots / 4));
  const origins = new LruCache<Origin>(ORIGINS, Infinity);

  const isSlow = ({ local, quick, lastAt }: Origin): boolean => {
    const [oldest] = local;
    if (oldest !== undefined && now() - oldest.since > SLOW_MS) return true;
    return quick < QUICK_IN_A_ROW && now() - lastAt < FORGET_MS;
  };

  return {
    admitsLocal(origin) {
      const known = origins.get(origin);
      return known === undefined || (known.local.size < share && !isSlow(known));
    },
    admitsNormal: (origin) => (origins.get(origin)?.normal ?? 0) < share,
    isSlow(origin) {
      const known = origins.get(origin);
      return known !== undefined && isSlow(known);
    },
    begin(origin, taken) {
      const known = origins.get(origin) ?? { local: new Set(), normal: 0, quick: Infinity, lastAt: now() };
      origins.set(origin, known, 1);
      const attempt = { since: now() };
      if (taken === 'local') known.local.add(attempt);
      if (taken === 'normal') known.normal += 1;
      return ({ timedOut }) => {
        known.local.delete(attempt);
        if (taken === 'normal') known.normal -= 1;
        known.lastAt = now();
        if (timedOut || now() - attempt.since > SLOW_MS) known.quick = 0;
        else known.quick += 1;
      };
    },
  };
}

/**
 * Returns the origin that a call is sent to: that of the first address in its configuration, else in its connection.
 * Without an address, the name of the connection or action stands for it.
 */
export function originOf(action: string, config: unknown, connection: { id: string; config: unknown } | null): string {
  const address = addressIn(config) ?? addressIn(connection?.config);
  if (address !== undefined) return address;
  return connection === null ? `action ${action}` : `connection ${connection.id}`;
}

/** Returns the origin of the first address in a configuration or connection; undefined when it has none. */
export function addressIn(fields: unknown): string | undefined {
  for (const [field, value] of Object.entries(Object(fields) as Record<string, unknown>)) {
    if (typeof value !== 'string') continue;
    if (/^https?:/i.test(value) && URL.canParse(value)) return new URL(value).origin;
    if (field === 'host') return value;
  }
  return undefined;
}
