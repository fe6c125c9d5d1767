import type { Expression, Node } from './ast';
import { isStaticKey, visitChains, type Chain } from './chain';
import { placeOf } from './error';
import { evaluate, type EvaluateOptions, type Scope } from './evaluate';
import { expressionsOf, type ExpressionSource } from './expression-source';

/** Id of a reference to an unknown entity, which may be any entity of the kind. */
export const ANY_ID = '*';
/** The kind of the entities that `alerts` reads. */
const ALERT_KIND = 'alert';
/** Id of a `health` reference to the system of the run, while that system is unknown. */
export const SYSTEM_OF_THIS_RUN = '$system';

/** An entity that an expression can read. */
export interface EntityRef {
  readonly kind: string;
  /** An id, {@link ANY_ID} or {@link SYSTEM_OF_THIS_RUN}. */
  readonly id: string;
}

export interface References {
  /** References in source order, without duplicates. */
  readonly refs: readonly EntityRef[];
  /** Whether `alerts` is read, which depends on every alert. The reference to it is included in `refs`. */
  readonly readsAlerts: boolean;
  /** True if `alerts` is read, and if `state.alert` is read only with known ids or not at all. */
  readonly alertsOnly: boolean;
  /** Whether the expressions read an entity whose kind cannot be determined. */
  readonly indeterminate: boolean;
  /** 1-based positions of references whose kind cannot be determined. Used in warnings. */
  readonly indeterminateAt: readonly { readonly line: number; readonly column: number }[];
}

export interface ReferenceOptions extends EvaluateOptions {
  /**
   * The system of the run, to which `health.system` refers. Null = the run has no system, so `health.system` is not a
   * reference. Default (unknown): {@link SYSTEM_OF_THIS_RUN}.
   */
  readonly systemId?: string | null | undefined;
}

type Key = string | number | Node | undefined;

/** Returns whether a key depends on data that may change during a wait, so that its current value is not final. */
function isLive(node: Node): boolean {
  let live = false;
  visitChains(node, ({ root, links }) => {
    const first = links[0]?.key;
    if (['health', 'state', 'alerts', 'now'].includes(root.name)) live = true;
    if (root.name === 'wait' && (!isStaticKey(first) || first === 'changed')) live = true;
  });
  return live;
}

class Extraction {
  readonly refs = new Map<string, EntityRef>();
  readsAlerts = false;
  readsAnyAlert = false;
  readonly indeterminateAt: { line: number; column: number }[] = [];

  constructor(
    readonly scope: Scope | undefined,
    readonly options: ReferenceOptions,
  ) {}

  readonly #add = (kind: string, id: string): void => {
    this.refs.set(JSON.stringify([kind, id]), { kind, id });
  };

  /** Returns the text of a key if it is written in the source, or if a single evaluation determines it. */
  #keyText(key: Key, source: string): string | undefined {
    if (key === undefined) return undefined;
    if (isStaticKey(key)) return String(key);
    if (this.scope === undefined || isLive(key)) return undefined;
    try {
      const value = evaluate({ source, root: key }, this.scope, this.options);
      return (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : undefined;
    } catch {
      return undefined;
    }
  }

  #ofHealth([first, second]: readonly Key[], source: string): void {
    const part = this.#keyText(first, source);
    if (part === undefined || part === 'systems') {
      this.#add('health', (part === undefined ? undefined : this.#keyText(second, source)) ?? ANY_ID);
    }
    if (part !== undefined && part !== 'system') return;
    const { systemId = SYSTEM_OF_THIS_RUN } = this.options;
    if (systemId !== null) this.#add('health', systemId);
  }

  #ofState([first, second]: readonly Key[], source: string, at: number): void {
    const kind = this.#keyText(first, source);
    if (kind === undefined) this.indeterminateAt.push(placeOf(source, at));
    else {
      const id = this.#keyText(second, source) ?? ANY_ID;
      if (kind === ALERT_KIND && id === ANY_ID) this.readsAnyAlert = true;
      this.#add(kind, id);
    }
  }

  ofExpression({ source, root }: Expression): void {
    visitChains(root, ({ root: name, links }: Chain) => {
      const keys = links.map(({ key }) => key);
      if (name.name === 'health') this.#ofHealth(keys, source);
      if (name.name === 'state') this.#ofState(keys, source, name.at);
      if (name.name === 'alerts') {
        this.readsAlerts = true;
        this.#add(ALERT_KIND, ANY_ID);
      }
    });
  }
}

/**
 * Returns the entities that expressions can read: `health.system` (see `systemId`), `health.systems["x"]`,
 * `state.kind.id`. A computed id is evaluated in the scope if one is given. If the result is neither text nor a number,
 * or may change later (because the key reads live state, `now` or `wait.changed`), the reference is to any entity of
 * the kind. Never throws.
 */
export function extractReferences(source: ExpressionSource, scope?: Scope, options: ReferenceOptions = {}): References {
  const extraction = new Extraction(scope, options);
  for (const expression of expressionsOf(source)) extraction.ofExpression(expression);
  const { refs, indeterminateAt, readsAlerts, readsAnyAlert } = extraction;
  const alerts = { readsAlerts, alertsOnly: readsAlerts && !readsAnyAlert };
  return { refs: [...refs.values()], ...alerts, indeterminate: indeterminateAt.length > 0, indeterminateAt };
}
