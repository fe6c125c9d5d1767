import type { Sinks } from '@temporalio/workflow';

/** What workflow code of runs requests from the worker that executes it. Requests are not part of the history. */
export interface RunSinks extends Sinks {
  stretches: {
    /**
     * Ends the execution's stretch that began at this path, because its branch is cancelled. Without this request, the
     * stretch ends when its budget is used up or its call is answered.
     */
    stop(path: string): void;
  };
}
