import { sha256 } from '../domain/sha256';
import {
  announceWorker,
  readKnowledge,
  withdrawWorker,
  type OtherWorkers,
  type WorkerAnnouncement,
} from '../db/worker-announcements';
import type { Executor } from '../db/executor';
import { eventOf, type Knowledge } from '../domain/registry/knowledge';

/** The live workers of this installation, and the names that their plugins provide. */
export interface Fleet {
  /**
   * Renews this worker's announcement and reads those of the other workers. Returns how many workers are live,
   * including this one.
   */
  announce(): Promise<number>;
  withdraw(): Promise<void>;
  /** Returns the number of live workers at the last announcement, including this one. */
  workers(): number;
  /** Returns whether a worker with other plugins is live, or was live within the last few minutes. */
  differs(): boolean;
  /**
   * Returns the names of the kinds, triggers and plugins that read changes of this kind or these events. `lacking`
   * contains those that only other workers provide, including workers that stopped within the last few minutes. `own`
   * contains those that this worker provides.
   */
  concerned(kind: string, events: readonly string[]): { lacking: string[]; own: string[] };
  /** Returns whether one of the live workers with other plugins provides all of these names. */
  isProvidedByOther(names: readonly string[]): boolean;
  /**
   * Returns the events whose trigger types only other workers provide, including workers that stopped within the last
   * few minutes.
   */
  foreignEvents(): readonly string[];
  /**
   * Returns whether a worker that provides a name may come back: no other live worker provides it, and a worker that
   * provided it stopped within the last 60 s. Also returns true during the first 60 s after a time at which no worker
   * was live.
   */
  mayReturn(name: string): boolean;
  /** Names that this worker provides. */
  readonly names: readonly string[];
}

type Announced = OtherWorkers['others'][number];

/** For each kind and each event, the names of the kinds, triggers and plugins that read it. */
interface Readers {
  kinds: Map<string, Set<string>>;
  events: Map<string, Set<string>>;
}

function readersOf(all: readonly Knowledge[], counts: (name: string) => boolean): Readers {
  const found: Readers = { kinds: new Map(), events: new Map() };
  const add = (map: Map<string, Set<string>>, key: string, name: string) =>
    map.set(key, (map.get(key) ?? new Set()).add(name));
  for (const [name, { kinds = [], events = [] }] of all.flatMap(({ reads }) => Object.entries(reads))) {
    if (!counts(name)) continue;
    for (const kind of kinds) add(found.kinds, kind, name);
    for (const event of events) add(found.events, event, name);
  }
  return found;
}

function namesIn({ kinds, events }: Readers, kind: string, derivedEvents: readonly string[]): string[] {
  const found = [kinds.get(kind), kinds.get('*'), ...derivedEvents.map((event) => events.get(event))];
  return [...new Set(found.flatMap((names) => [...(names ?? [])]))];
}

/**
 * Creates the fleet. `announce` announces the names that this worker's plugins provide, and caches those of other
 * workers.
 */
export function createFleet(deps: {
  db: Executor;
  worker: Pick<WorkerAnnouncement, 'id' | 'host' | 'pid' | 'version' | 'scriptLimits' | 'leaseSeconds'>;
  knowledge: Knowledge;
  /** Notifies the other workers that this worker has started or is stopping. */
  notify: () => void;
}): Fleet {
  const { db, knowledge } = deps;
  const knowsId = sha256(JSON.stringify(knowledge)).slice(0, 32);
  const own = new Set(knowledge.names);
  /** Number of live workers; 0 before the first announcement. */
  let workers = 0;
  let others = new Map<string, Announced & { knowledge: Knowledge }>();
  const ownReaders = readersOf([knowledge], () => true);
  let foreign = readersOf([], () => true);

  const follow = async (announced: readonly Announced[]): Promise<void> => {
    const missing = announced.filter((each) => !others.has(each.knowsId)).map((each) => each.knowsId);
    const isSame = missing.length === 0 && announced.length === others.size;
    const read = await readKnowledge(db, missing);
    others = new Map(
      announced.flatMap((each) => {
        const known = others.get(each.knowsId)?.knowledge ?? read.get(each.knowsId);
        return known === undefined ? [] : [[each.knowsId, { ...each, knowledge: known }] as const];
      }),
    );
    if (isSame) return;
    foreign = readersOf(
      [...others.values()].map((each) => each.knowledge),
      (name) => !own.has(name),
    );
  };

  return {
    names: knowledge.names,
    async announce() {
      const { live, others: announced } = await announceWorker(db, { ...deps.worker, knowledge, knowsId });
      if (workers === 0) deps.notify();
      workers = live;
      await follow(announced);
      return live;
    },
    async withdraw() {
      await withdrawWorker(db, deps.worker.id);
      deps.notify();
    },
    workers: () => Math.max(1, workers),
    differs: () => others.size > 0,
    concerned: (kind, events) => ({
      lacking: namesIn(foreign, kind, events),
      own: namesIn(ownReaders, kind, events),
    }),
    foreignEvents() {
      const names = [...others.values()].flatMap(({ knowledge: { names: provided } }) => provided);
      return [...new Set(names)].flatMap((name) => (own.has(name) ? [] : (eventOf(name) ?? [])));
    },
    mayReturn(name) {
      const providers = [...others.values()].filter(({ knowledge: { names } }) => names.includes(name));
      return providers.some(({ mayReturn }) => mayReturn) && !providers.some(({ live }) => live);
    },
    isProvidedByOther: (names) =>
      [...others.values()].some(({ live, knowledge }) => live && names.every((name) => knowledge.names.includes(name))),
  };
}
