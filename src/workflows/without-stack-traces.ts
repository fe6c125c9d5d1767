/**
 * Loaded first in the bundle that workers run. The SDK takes a stack trace for each promise of a workflow, for the
 * "Call stack" of the Web UI. That takes half of the time of workflow code, and it shows the same frames for a run at
 * any time; the details show its steps. Errors of workflow code then have no stack trace either. A bundle that is made
 * from the sources has them: remove `dist/` and replay the history.
 */
Object.assign(Error, { stackTraceLimit: 0 });
