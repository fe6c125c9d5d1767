/**
 * Loaded first in the bundle that workers run. The SDK takes a stack trace for each promise of a workflow, for the "Call stack" of
 * the Web UI: that is half of the time that workflow code takes, and of a run it shows the same frames at any time; the
 * details show its steps. Errors of workflow code then have no stack trace either. A bundle that is made from the sources
 * has them: remove `dist/` and replay the history.
 */
Object.assign(Error, { stackTraceLimit: 0 });
