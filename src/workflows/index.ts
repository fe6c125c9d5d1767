export { runAutomation } from './run/run-automation';
export { housekeeping } from './housekeeping/housekeeping';
