import { LruCache } from '../domain/expressions/lru-cache';

/** Duration in milliseconds above which an attempt marks its origin as slow. */
const SLOW_MS = 1_000;
/** Number of consecutive quick attempts after which a slow origin counts as quick again. */
const QUICK_IN_A_ROW = 3;
/** Milliseconds without a call after which a slow origin is tried locally again. */
const SLOW_FOR_MS = 60_000;
/** Maximum number of origins whose load is remembered. */
const MAX_ORIGINS = 2_000;

/**
 * The kind of slot that an attempt takes: for a local activity, for a normal activity, or on the task queue for calls.
 */
export type CallSlots = 'local' | 'normal' | 'calls';

/** The load that calls put on the activity slots of this process, by origin. */
export interface OriginLoad {
  /**
   * Returns whether a local attempt to this origin may begin. It may if the origin's local attempts take less than
   * their share of the slots, and its recent attempts were quick.
   */
  admitsLocal(origin: string): boolean;
  /**
   * Returns whether an attempt to this origin may begin as a normal activity. It may if the origin's normal attempts
   * take less than their share.
   */
  admitsNormal(origin: string): boolean;
  /** Returns whether the origin is slow. Calls to slow origins are performed on the task queue for calls. */
  isSlow(origin: string): boolean;
  /**
   * Begins an attempt. The returned function ends it. An attempt that timed out counts as slow even if its timeout was
   * short.
   */
  begin(origin: string, slots: CallSlots): (end: { timedOut: boolean }) => void;
}

interface Origin {
  /** Start times of the local attempts in progress, in milliseconds. */
  local: Set<{ since: number }>;
  /** Number of normal attempts in progress. */
  normal: number;
  /** Number of quick attempts since the last slow attempt; `Infinity` = no attempt was slow. */
  quick: number;
  lastAt: number;
}

/**
 * Creates the component that limits the share of the activity slots that one origin takes. A local attempt holds a slot
 * and a workflow task until the server answers, so a server that hangs would stall claims, waits and dwells of all
 * automations. A normal attempt holds a slot that calls to other origins need. The load is kept in memory, separately
 * in each process.
 * @param deps.slots number of slots for normal activities in this process, which equals the number of slots for local
 * activities. One origin takes at most a quarter of each
 */
export function createOriginLoad(deps: { slots: number; now?: () => number }): OriginLoad {
  const { now = () => performance.now() } = deps;
  const share = Math.max(1, Math.floor(deps.slots / 4));
  const origins = new LruCache<Origin>(MAX_ORIGINS, Infinity);

  const isSlow = ({ local, quick, lastAt }: Origin): boolean => {
    const [oldest] = local;
    if (oldest !== undefined && now() - oldest.since > SLOW_MS) return true;
    return quick < QUICK_IN_A_ROW && now() - lastAt < SLOW_FOR_MS;
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
 * Returns the origin to which a call is sent. It is derived from the first address in the configuration or, if there is
 * none, in the connection. Without any address, the id of the connection or the name of the action is used instead.
 */
export function originOf(action: string, config: unknown, connection: { id: string; config: unknown } | null): string {
  const address = addressIn(config) ?? addressIn(connection?.config);
  if (address !== undefined) return address;
  return connection === null ? `action ${action}` : `connection ${connection.id}`;
}

/**
 * Returns the origin of the first address among the top-level fields of a configuration or connection: an http(s) URL,
 * or the value of `host`. Returns undefined when there is none.
 */
export function addressIn(fields: unknown): string | undefined {
  for (const [field, value] of Object.entries(Object(fields) as Record<string, unknown>)) {
    if (typeof value !== 'string') continue;
    if (/^https?:/i.test(value) && URL.canParse(value)) return new URL(value).origin;
    if (field === 'host') return value;
  }
  return undefined;
}
