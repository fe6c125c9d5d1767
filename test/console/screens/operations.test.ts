import { testScreens } from './test-screens';

testScreens('operations');
