import { testScreens } from './test-screens';

testScreens('access');
