import { testScreens } from './test-screens';

testScreens('catalogue');
