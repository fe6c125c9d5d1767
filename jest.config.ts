/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs', ignoreDynamic: true, lazy: true },
    },
  ] as [string, Record<string, unknown>],
};
/** Packages that contain only ECMAScript modules, which jest cannot load with `require`. */
const MODULES = '/node_modules/(openid-client|oauth4webapi|jose)/.+\\.js$';
const shared = {
  setupFiles: ['<rootDir>/src/domain/validation/install-messages.ts'],
  transform: { ...transform, [MODULES]: transform['^.+\\.ts$'] },
  transformIgnorePatterns: [`/node_modules/(?!(openid-client|oauth4webapi|jose)/)`],
  testEnvironment: 'node',
  modulePathIgnorePatterns: ['<rootDir>/dist'],
};

const servers = {
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  setupFilesAfterEnv: ['<rootDir>/test/support/setup-each.ts'],
};

/**
 * unit: tests beside their files, without I/O. integration: real Postgres and Temporal, started once in globalSetup.
 * replay: recorded histories. chaos: random faults from a seed, only in `npm run chaos`.
 */
const config: Config = {
  maxWorkers: 2,
  testTimeout: 60_000, // Only ends a test that hangs: how long a test takes depends on the machine.
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.test.ts', '<rootDir>/bench/**/*.test.ts'] },
    { ...shared, ...servers, displayName: 'integration', testMatch: ['<rootDir>/test/integration/**/*.test.ts'] },
    { ...shared, ...servers, displayName: 'chaos', testMatch: ['<rootDir>/test/chaos/**/*.test.ts'] },
    {
      ...{ ...shared, ...servers, displayName: 'console', testMatch: ['<rootDir>/test/console/**/*.test.ts'] },
      testEnvironment: '<rootDir>/test/console/environment.ts',
    },
    { ...shared, displayName: 'replay', testMatch: ['<rootDir>/test/replay/**/*.test.ts'] },
  ],
};

export default config;
