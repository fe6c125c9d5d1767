/**
 * Loaded first in the bundle that workers run. For the "Call stack" of the Web UI, the SDK takes a stack trace for each
 * promise of a workflow. This takes half of the time that workflow code needs, and it is of little use, because every
 * run shows the same frames; its details show the steps instead. As a consequence, errors of workflow code have no
 * stack trace either. To get stack traces, remove `dist/` and replay the history: a bundle that is made from the
 * sources has them.
 */
Object.assign(Error, { stackTraceLimit: 0 });
