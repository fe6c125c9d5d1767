import { testScreens } from './test-screens';

testScreens('runs');
