export { runAutomation } from './run/run-automation';
