import { useEffect, useSyncExternalStore } from 'react';
import { queryClient } from './query-client';
import { isReachable } from './reachable';

/** Keys of the queries that each event of the stream makes stale, by event name. */
const STALE: Readonly<Record<string, readonly string[]>> = {
  run: ['runs', 'now', 'waits', 'delays', 'evaluations', 'causes', 'alert'],
  step: [],
  entity: ['entities', 'entity', 'systems', 'health', 'incidents', 'maintenances', 'slos', 'dwells', 'now'],
  alert: ['alerts', 'alert', 'silences', 'changes', 'now'],
  automation: ['automations', 'automation', 'now'],
};
/**
 * Delay in milliseconds before an event's stale queries are read again. Events that arrive during the delay share the
 * read.
 */
const REFRESH_MS = 700;
/**
 * Interval in milliseconds at which the page checks that the API still responds. A lost network connection does not end
 * an event stream: it stays open without events.
 */
const CHECK_MS = 10_000;
const RECONNECT_MS = 3_000;

export type LiveState = 'connecting' | 'live' | 'lost';

let state: LiveState = 'connecting';
let lostAt: string | undefined;
const listeners = new Set<() => void>();
const setState = (next: LiveState) => {
  lostAt = next === 'lost' ? (lostAt ?? new Date().toISOString()) : undefined;
  state = next;
  listeners.forEach((listener) => listener());
};
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Returns when the page lost its connection to the event stream, or undefined if the connection is not lost. */
export const useLostAt = (): string | undefined => useSyncExternalStore(subscribe, () => lostAt);

/**
 * Returns the state of the page's connection to the event stream. `lost` means that the browser or the page is trying
 * to reconnect.
 */
export function useLiveState(): LiveState {
  return useSyncExternalStore(subscribe, () => state);
}

/**
 * Follows the event stream while the component is mounted. Marks the queries that an event affects as stale. After a
 * lost connection has been restored, reads every query again.
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
        retry = window.setTimeout(connect, RECONNECT_MS);
      };
      // The server no longer has all the events that the page missed, so every query is read again.
      source.addEventListener('gap', () => void queryClient.invalidateQueries());
      for (const name of Object.keys(STALE)) source.addEventListener(name, receive(name));
    };
    const check = async () => {
      const checked = source;
      if (state !== 'live' || (await isReachable())) return;
      // Another check or an error of the stream may have come first.
      if (source !== checked || checked?.readyState !== EventSource.OPEN) return;
      checked.close();
      setState('lost');
      retry = window.setTimeout(connect, RECONNECT_MS);
    };
    connect();
    const checks = window.setInterval(() => void check(), CHECK_MS);
    return () => {
      source?.close();
      source = undefined;
      window.clearInterval(checks);
      window.clearTimeout(timer);
      window.clearTimeout(retry);
    };
  }, []);
}
