import type { Logger } from '../../log';
import type { RoutedAutomation } from '../routed-automation';

/** Minimum time in milliseconds between log lines about one automation. */
const PAUSE_MS = 10_000;

const METHODS = { info: 'info', warning: 'warn', error: 'error' } as const;

type Overflowing = Pick<RoutedAutomation, 'id' | 'name' | 'mode' | 'max_exceeded'>;

/** Reports runs that were dropped because their mode allowed no further run. */
export interface OverflowReport {
  /** Counts an event that started no run. `detail` is the detail of its evaluation outcome. */
  dropped(automation: Overflowing, detail: string): void;
  /** Logs the counts that have not been logged yet. */
  stop(): void;
}

/**
 * Creates the report. It logs dropped runs at the level of the automation's `max_exceeded`; `silent` logs nothing. The
 * first dropped run is logged at once. All runs that are dropped within the next 10 s are reported in one line that
 * contains their number. The metric counts every dropped run, at every level.
 */
export function createOverflowReport(deps: { log: Logger; onDropped: (mode: string) => void }): OverflowReport {
  const { log, onDropped } = deps;
  const waiting = new Map<string, { automation: Overflowing; detail: string; count: number; timer: NodeJS.Timeout }>();

  const write = ({ id, name, mode, max_exceeded: level }: Overflowing, detail: string, dropped: number): void => {
    if (level === 'silent') return;
    log[METHODS[level]]({ automationId: id, automation: name, mode, dropped }, `events started no run: ${detail}`);
  };
  const flush = (id: string): void => {
    const entry = waiting.get(id);
    if (entry === undefined) return;
    waiting.delete(id);
    clearTimeout(entry.timer);
    if (entry.count > 0) write(entry.automation, entry.detail, entry.count);
  };
  return {
    dropped(automation, detail) {
      onDropped(automation.mode);
      const entry = waiting.get(automation.id);
      if (entry === undefined) {
        write(automation, detail, 1);
        const timer = setTimeout(() => flush(automation.id), PAUSE_MS).unref();
        waiting.set(automation.id, { automation, detail, count: 0, timer });
        return;
      }
      Object.assign(entry, { automation, detail, count: entry.count + 1 });
    },
    stop() {
      for (const id of [...waiting.keys()]) flush(id);
    },
  };
}
