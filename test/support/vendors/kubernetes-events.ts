import type { ServerResponse } from 'node:http';
import type { VendorAnswer } from '../vendor-server';

type Fields = Record<string, unknown>;
interface Stored {
  version: number;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: Fields & { metadata: Fields };
}

interface Recorded {
  name: string;
  namespace?: string;
  type?: 'Normal' | 'Warning';
  reason?: string;
  message?: string;
  /**
   * Kind of the object that the event is about. Default: `Pod`. The name of the object is `object`, by default the
   * event's name.
   */
  kind?: string;
  object?: string;
}

const status = (code: number, reason: string, message: string): Fields => ({
  ...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code },
});

export type KubernetesEvents = ReturnType<typeof createKubernetesEvents>;

/**
 * Creates the `events` collection of an API server, with paged lists, watches, bookmarks and a limited history
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes).
 */
export function createKubernetesEvents() {
  let version = 1_000;
  /** Changes before this version are no longer available. */
  let oldest = version;
  let history: Stored[] = [];
  const objects = new Map<string, Stored['object']>();
  const watches = new Set<{ namespace: string | undefined; response: ServerResponse }>();
  /** How to refuse a watch that starts at a version which is too old. A real API server may use either way. */
  let goneAs: 'status' | 'event' = 'event';

  const isIn = (namespace: string | undefined, object: Stored['object']) =>
    namespace === undefined || object.metadata['namespace'] === namespace;
  const lineOf = ({ type, object }: Pick<Stored, 'object'> & { type: string }) =>
    `${JSON.stringify({ type, object })}\n`;

  function change(type: Stored['type'], key: string, object: Stored['object']): void {
    version += 1;
    const kept = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    if (type === 'DELETED') objects.delete(key);
    else objects.set(key, kept);
    const stored = { version, type, object: kept };
    history.push(stored);
    for (const { namespace, response } of watches) if (isIn(namespace, kept)) response.write(lineOf(stored));
  }

  function list(namespace: string | undefined, query: URLSearchParams): VendorAnswer {
    const [at = String(version), offset = '0'] = (query.get('continue') ?? '').split(':').filter(Boolean);
    // https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
    if (Number(at) < oldest) {
      return { status: 410, body: status(410, 'Expired', 'The provided continue parameter is too old') };
    }
    const all = [...objects.values()].filter((object) => isIn(namespace, object));
    const limit = Number(query.get('limit') ?? all.length);
    const end = Number(offset) + limit;
    const items = all.slice(Number(offset), end).map(({ kind: _kind, apiVersion: _version, ...item }) => item);
    const metadata = { resourceVersion: at, ...(end < all.length && { continue: `${at}:${end}` }) };
    return { status: 200, body: { kind: 'EventList', apiVersion: 'v1', metadata, items } };
  }

  function watch(namespace: string | undefined, query: URLSearchParams): VendorAnswer {
    const from = Number(query.get('resourceVersion'));
    if (from > version) {
      const message = `Too large resource version: ${from}, current: ${version}`;
      return { status: 504, body: status(504, 'Timeout', message) };
    }
    const gone = status(410, 'Expired', `too old resource version: ${from} (${oldest})`);
    if (from < oldest && goneAs === 'status') return { status: 410, body: gone };
    return {
      status: 200,
      stream(response) {
        if (from < oldest) {
          response.end(`${JSON.stringify({ type: 'ERROR', object: gone })}\n`);
          return;
        }
        response.flushHeaders();
        for (const stored of history) {
          if (stored.version > from && isIn(namespace, stored.object)) response.write(lineOf(stored));
        }
        const one = { namespace, response };
        watches.add(one);
        response.on('close', () => watches.delete(one));
      },
    };
  }

  return {
    answer: (namespace: string | undefined, query: URLSearchParams): VendorAnswer =>
      query.get('watch') === 'true' ? watch(namespace, query) : list(namespace, query),
    /** Records an event. If the event already exists, increments its count, as kubelet does. */
    record({
      name,
      namespace = 'default',
      type = 'Warning',
      reason = 'BackOff',
      message = 'x',
      kind = 'Pod',
      object = name,
    }: Recorded) {
      const key = `${namespace}/${name}`;
      const known = objects.get(key);
      const now = new Date().toISOString();
      const count = Number(known?.['count'] ?? 0) + 1;
      const first = known?.['firstTimestamp'] ?? now;
      change(known ? 'MODIFIED' : 'ADDED', key, {
        ...{
          kind: 'Event',
          apiVersion: 'v1',
          metadata: { name, namespace, uid: `uid-${key}`, creationTimestamp: first },
        },
        involvedObject: { kind, namespace, name: object, uid: `uid-${object}`, apiVersion: 'v1' },
        ...{ reason, message, type, count, firstTimestamp: first, lastTimestamp: now },
        ...{ source: { component: 'kubelet', host: 'n1' }, reportingComponent: 'kubelet', reportingInstance: 'n1' },
      });
    },
    /** Removes an event. A real server removes events after an hour by default. */
    expire(name: string, namespace = 'default') {
      const key = `${namespace}/${name}`;
      const known = objects.get(key);
      if (known) change('DELETED', key, known);
    },
    /** Sends a bookmark to all watches, as an API server does after other objects have changed. */
    bookmark(by = 100) {
      version += by;
      const metadata = { resourceVersion: String(version), creationTimestamp: null };
      const line = lineOf({ type: 'BOOKMARK', object: { kind: 'Event', apiVersion: 'v1', metadata } });
      for (const { response } of watches) response.write(line);
    },
    /**
     * Deletes the history, which a real cluster preserves for five minutes by default. `as` determines how watches from
     * older versions are refused.
     */
    compact(as: 'status' | 'event') {
      goneAs = as;
      version += 1;
      oldest = version;
      history = [];
    },
    /** Ends all watches, either normally or by closing their connections abruptly. */
    end(how: 'end' | 'cut') {
      for (const { response } of watches) {
        if (how === 'end') response.end();
        else response.destroy();
      }
      watches.clear();
    },
    /** Restores the server from a backup, after which versions continue from a lower number. */
    restore() {
      version = 10;
      oldest = 10;
      history = [];
      objects.clear();
    },
    watching: () => watches.size,
    version: () => version,
  };
}
