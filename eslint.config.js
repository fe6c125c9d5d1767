'use strict';
const tseslint = require('typescript-eslint');
const { importX, createNodeResolver } = require('eslint-plugin-import-x');
const { createTypeScriptImportResolver } = require('eslint-import-resolver-typescript');

/** Import zones: each folder lists what it must not import. `main-*.ts`, `cli` and `dev` may import everything. */
const zone = (target, ...from) => ({ target: `./src/${target}`, from: from.map((f) => `./src/${f}`) });
const processes = ['cli', 'dev', 'main-api.ts', 'main-worker.ts', 'telemetry'];
const rooms = [
  ...['workflows', 'activities', 'engine', 'evaluation', 'domains', 'integrations', 'edges', 'temporal', 'api'],
  ...['config.ts', 'log.ts', ...processes],
];
const zones = [
  zone(
    'domain',
    ...['workflows', 'activities', 'engine', 'evaluation', 'domains', 'integrations', 'edges'],
    ...['db', 'temporal', 'api', 'config.ts', 'log.ts', ...processes],
  ),
  zone('os', 'domain', 'db', ...rooms),
  zone(
    'workflows',
    ...['activities', 'engine', 'evaluation', 'domains', 'integrations', 'edges', 'db', 'temporal', 'api'],
    ...['config.ts', 'log.ts', ...processes],
  ),
  zone(
    'db',
    ...['workflows', 'activities', 'engine', 'evaluation', 'domains', 'integrations', 'edges', 'temporal', 'api'],
    ...processes,
  ),
  zone(
    'temporal',
    ...['workflows', 'activities', 'engine', 'evaluation', 'domains', 'integrations', 'edges', 'api'],
    ...processes.filter((name) => name !== 'telemetry'),
  ),
  zone('edges', 'workflows', 'activities', 'engine', 'evaluation', 'temporal', 'api', ...processes),
  zone('evaluation', 'workflows', 'activities', 'engine', 'edges', 'temporal', 'api', ...processes),
  zone('domains', 'workflows', 'activities', 'engine', 'evaluation', 'temporal', 'api', ...processes),
  zone('integrations', 'workflows', 'activities', 'engine', 'evaluation', 'temporal', 'api', ...processes),
  zone('activities', 'engine', 'api', ...processes),
  zone('engine', 'activities', 'api', ...processes),
  zone('api', 'activities', ...processes),
].flatMap(({ target, from }) => from.map((f) => ({ target, from: f })));

module.exports = tseslint.config(
  { ignores: ['dist/**', '.fermata/**', 'coverage/**', 'eslint.config.js'] },
  ...tseslint.configs.strict,
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [createTypeScriptImportResolver(), createNodeResolver()],
      // Without these two settings, import-x/no-cycle parses no TypeScript file and finds nothing.
      'import-x/extensions': ['.ts', '.tsx'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
    },
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
      // scripts/check-cycles.mjs finds circles that consist of type imports only.
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
    },
  },
  {
    files: ['src/**/*.ts', 'bench/**/*.ts', 'console/src/**/*.{ts,tsx}'],
    ignores: ['**/*.test.ts', '**/*.fixture.ts', 'console/src/api/schema.d.ts'],
    rules: {
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      complexity: ['error', { max: 20, variant: 'modified' }],
    },
  },
  {
    // A thread's function is passed to the thread as source text, so it cannot use anything that is defined outside it.
    files: ['src/db/entities/schema-thread.ts'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      // A prepared statement with a star fails after a migration has added a column (0A000).
      'no-restricted-syntax': [
        'error',
        {
          selector: String.raw`TemplateElement[value.raw=/(\bselect|\breturning|\bdistinct on \([^)]*\))\s+\*|\b\w+\.\*/i]`,
          message: 'Name the columns: a star in SQL breaks while a migration adds a column.',
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: [
      '**/*.test.ts',
      'src/cli/**',
      'src/dev/**',
      // These files need the time of day: of Temporal in workflows, of log lines, of files, and of deadlines in gRPC.
      'src/workflows/**',
      'src/log.ts',
      'src/db/database-clock.ts',
      'src/integrations/script/script-cgroup.ts',
      'src/temporal/deadline.ts',
    ],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'Date',
          property: 'now',
          message: 'Use performance.now() for durations, because the clock may be set, and `Clock` for times of day.',
        },
      ],
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
      'no-restricted-syntax': [
        'error',
        ...[
          'Program > VariableDeclaration[kind!="const"]',
          'Program > VariableDeclaration > VariableDeclarator > NewExpression[arguments.length=0]',
        ].map((selector) => ({
          selector,
          message: 'Executions share the modules of workflows: keep no state in one.',
        })),
      ],
    },
  },
);
