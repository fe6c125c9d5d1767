import { testScreens } from './test-screens';

testScreens('automations');
