import { useEffect, useSyncExternalStore } from 'react';
import { queryClient } from './query-client';

/** Events of the stream, each with the keys of the queries that it makes stale. */
const STALE: Readonly<Record<string, readonly string[]>> = {
  run: ['runs', 'now', 'waits', 'evaluations', 'causes', 'alert'],
  step: [],
  entity: ['entities', 'entity', 'systems', 'health', 'incidents', 'maintenances', 'slos', 'dwells', 'now'],
  alert: ['alerts', 'alert', 'silences', 'changes', 'now'],
  automation: ['automations', 'automation', 'now'],
};
/** Delay in milliseconds between an event and the next read of stale queries. Events in between share that read. */
const REFRESH_MS = 700;

export type LiveState = 'connecting' | 'live' | 'lost';

let state: LiveState = 'connecting';
const listeners = new Set<() => void>();
const setState = (next: LiveState) => {
  state = next;
  listeners.forEach((listener) => listener());
};

/** Returns the state of the page's connection to the event stream. `lost` means that the browser or page reconnects. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

/**
 * Follows the event stream while the component is mounted, and marks the queries as stale that an event affects. When a
 * lost connection has been restored, every query is read again.
 */
export function useLive(): void {
  useEffect(() => {
    const stale = new Set<string>();
    const runs = new Set<string>();
    let timer: number | undefined;
    let retry: number | undefined;
    let source: EventSource | undefined;
    const flush = () => {
      timer = undefined;
      for (const key of stale) void queryClient.invalidateQueries({ queryKey: [key] });
      for (const id of runs) void queryClient.invalidateQueries({ queryKey: ['run', id] });
      stale.clear();
      runs.clear();
    };
    const receive = (name: string) => (event: MessageEvent<string>) => {
      for (const key of STALE[name] ?? []) stale.add(key);
      const data = JSON.parse(event.data) as { id?: string; runId?: string };
      const runId = name === 'run' ? data.id : data.runId;
      if (runId !== undefined) runs.add(runId);
      timer ??= window.setTimeout(flush, REFRESH_MS);
    };
    const connect = () => {
      source = new EventSource('/api/v1/stream');
      source.onopen = () => {
        if (state === 'lost') void queryClient.invalidateQueries();
        setState('live');
      };
      source.onerror = () => {
        setState('lost');
        if (source?.readyState !== EventSource.CLOSED) return;
        // The server refused the stream, so the browser will not reconnect. Perhaps the session has ended: read it
        // again to find out.
        void queryClient.invalidateQueries({ queryKey: ['session'] });
        retry = window.setTimeout(connect, 3_000);
      };
      // The server no longer has all the events that the page missed, so every query is read again.
      source.addEventListener('gap', () => void queryClient.invalidateQueries());
      for (const name of Object.keys(STALE)) source.addEventListener(name, receive(name));
    };
    connect();
    return () => {
      source?.close();
      window.clearTimeout(timer);
      window.clearTimeout(retry);
    };
  }, []);
}
