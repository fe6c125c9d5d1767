// `runAutomation` is the workflow type of executions that older releases started. Such executions name activities by
// their functions.
export { runAutomation, runAutomation as automation } from './run/run-automation';
export { housekeeping } from './housekeeping/housekeeping';
export { dwell } from './dwell/dwell';
export { schedule } from './schedule/schedule';
