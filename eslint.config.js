'use strict';
const tseslint = require('typescript-eslint');
const { importX, createNodeResolver } = require('eslint-plugin-import-x');
const { createTypeScriptImportResolver } = require('eslint-import-resolver-typescript');

/** Import zones: domain <- workflows; domain <- db, temporal <- activities, dispatch, providers, api; cli wires. */
const zone = (target, ...from) => ({ target: `./src/${target}`, from: from.map((f) => `./src/${f}`) });
const zones = [
  zone(
    'domain',
    'workflows',
    'activities',
    'providers',
    'dispatch',
    'db',
    'temporal',
    'api',
    'cli',
    'config.ts',
    'log.ts',
  ),
  zone('workflows', 'providers', 'dispatch', 'db', 'temporal', 'api', 'cli', 'config.ts', 'log.ts'),
  zone('db', 'workflows', 'activities', 'providers', 'dispatch', 'temporal', 'api', 'cli'),
  zone('temporal', 'activities', 'providers', 'dispatch', 'api', 'cli'),
  zone('providers', 'workflows', 'activities', 'dispatch', 'api', 'cli'),
  zone('activities', 'dispatch', 'api', 'cli'),
  zone('dispatch', 'activities', 'api', 'cli'),
  zone('api', 'activities', 'dispatch', 'cli'),
].flatMap(({ target, from }) => from.map((f) => ({ target, from: f })));

module.exports = tseslint.config(
  { ignores: ['dist/**', '.fermata/**', 'coverage/**', 'eslint.config.js'] },
  ...tseslint.configs.strict,
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver(), createNodeResolver()] },
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['jest.config.ts', 'drizzle.config.ts'] },
        tsconfigRootDir: __dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/no-invalid-void-type': 'off',
      'import-x/no-restricted-paths': ['error', { basePath: __dirname, zones }],
      'import-x/no-cycle': ['error', { maxDepth: 6, ignoreExternal: true }],
    },
  },
  {
    files: ['src/workflows/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['node:*', 'fs', 'path', 'crypto', 'pg', 'drizzle-orm*', 'express', 'zod'],
              message: 'Workflow code runs in the sandbox.',
            },
            {
              group: ['../activities/*', '../../activities/*', '../../../activities/*'],
              allowTypeImports: true,
              message: 'Workflows import activity types only.',
            },
          ],
        },
      ],
      'no-restricted-globals': ['error', 'process', 'setImmediate', 'fetch'],
    },
  },
);
