export { runAutomation } from './run/run-automation';
export { housekeeping } from './housekeeping/housekeeping';
export { dwell } from './dwell/dwell';
export { schedule } from './schedule/schedule';
