import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase } from '../../db/client';
import { createAutomationStore } from '../../db/automation-store';
import { createEntityStore } from '../../db/entity-store';
import { systemClock, uuidV7 } from '../../domain/clock';
import { createFilterRegistry } from '../../domain/expressions/filter-registry';
import { createCipher } from '../../domain/secrets/cipher';
import { createRegistry } from '../../domain/registry/registry';
import { createLogger } from '../../log';
import type { Action } from '../../integrations/contract';
import { createEgress } from '../../edges/egress/egress';
import { createEvaluator } from '../../evaluation/live-evaluator';
import { testScripts } from '../../../test/support/plugins';
import { createPlugins } from '../../integrations/plugins';
import { projectRoot } from '../../project-root';
import { PERMISSIONS } from '../auth/permissions';
import { createSns } from '../../edges/hooks/sns';
import { createApp } from '../create-app';
import { renderPage } from '../docs/page';
import { createOpenApiDocument } from './document';

/** Never connects, because creating the application opens no connections. */
const database = createDatabase('postgres://nobody@127.0.0.1:1/none');
const egress = createEgress({ allow: [] });
const registry = createRegistry<Action>(createPlugins({ egress }));
const base = { clock: systemClock, ids: uuidV7, registry };
const entities = createEntityStore(base);
const { routes, finish } = createApp({
  ...base,
  ...{ database, entities },
  log: createLogger({ level: 'silent', name: 'test' }),
  notifier: {
    changes: () => undefined,
    starts: () => undefined,
    definitions: () => undefined,
    tokens: () => undefined,
    workers: () => undefined,
    dwells: () => undefined,
  },
  filters: createFilterRegistry(),
  automations: createAutomationStore(base),
  evaluator: createEvaluator({ entities, filters: createFilterRegistry(), clock: systemClock, timezone: 'UTC' }),
  plugins: [],
  externalPlugins: new Set(),
  connectionTypes: new Map(),
  systemRemovedHooks: [],
  scripts: testScripts(egress),
  sns: createSns({ egress, certificates: undefined }),
  cipher: createCipher([Buffer.alloc(32, 1)]),
  checkTemporal: () => Promise.resolve(),
  settings: {
    version: '1.2.3',
    adminToken: undefined,
    rateLimit: { perSecond: 1, ingestPerSecond: 1 },
    ingestMaxBytes: 1,
    trustedProxies: [],
    webUi: { baseUrl: undefined, namespace: 'default' },
    alerts: { systemLabels: ['system'], severities: () => null },
  },
});
// Stops the timer that writes counts. Otherwise it would keep running after the tests.
afterAll(() => finish());

const document = createOpenApiDocument(routes, '1.2.3');
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, path, method, operation })),
);

it('is the source of the types of the console (UPDATE_SCHEMA=1 writes them)', () => {
  const file = join(projectRoot(), 'console', 'src', 'api', 'schema.d.ts');
  const directory = mkdtempSync(join(tmpdir(), 'openapi-'));
  try {
    const [input, output] = [join(directory, 'openapi.json'), join(directory, 'schema.d.ts')];
    writeFileSync(input, JSON.stringify(document));
    const program = join(projectRoot(), 'node_modules', '.bin', 'openapi-typescript');
    execFileSync(program, [input, '--output', output], { stdio: 'ignore' });
    const types = readFileSync(output, 'utf8');
    if (process.env['UPDATE_SCHEMA'] === '1') writeFileSync(file, types);
    expect(readFileSync(file, 'utf8') === types).toBe(true);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('describes every route once, with a unique operation id', () => {
  expect(operations).toHaveLength(routes.length);
  expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(routes.length);
});

it('declares a permission or public access for each route', () => {
  for (const { name, operation } of operations) {
    expect([name, [...PERMISSIONS, 'public'].includes(operation['x-permission'])]).toEqual([name, true]);
    expect([name, operation.security.length > 0]).toEqual([name, operation['x-permission'] !== 'public']);
  }
});

it('requires more than a read permission for every route that changes something', () => {
  for (const route of routes) {
    if (route.effect === 'write')
      expect([route.operationId, route.permission]).not.toEqual([route.operationId, 'automation.read']);
    if (route.effect === 'inbound') {
      const isGuardedByHook = /^(\/hooks\/(slack\/)?|\/ingest\/[\w-]+\/)\{\w+\}$/.test(route.path);
      expect(route.permission).toBe(isGuardedByHook ? 'public' : 'ingest');
    }
    if (route.method !== 'get' && route.effect === 'read')
      expect(route.path).toMatch(/\/(validate|render|dry-run|test|codec\/(en|de)code|session\/oidc)$/);
  }
});

it('describes the schema of each response body, and the refusals that apply to every call', () => {
  for (const { name, operation } of operations) {
    const { responses } = operation;
    expect(Object.keys(responses).some((status) => status.startsWith('2'))).toBe(true);
    if (operation['x-permission'] !== 'public')
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403', '429', '503']));
    for (const [status, response] of Object.entries(responses)) {
      if (status === '204') continue;
      expect([name, status, Object.keys(response.content ?? {}).length > 0]).toEqual([name, status, true]);
    }
  }
});

it('declares every path parameter', () => {
  for (const { path, operation } of operations) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    expect(declared.map(({ name }) => name)).toEqual(inPath);
  }
});

it('has no broken references', () => {
  const names = new Set(Object.keys(document.components.schemas));
  const found = JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g);
  for (const [, ref = ''] of found) {
    expect(ref).toMatch(/^#\/components\/schemas\//);
    expect([ref, names.has(ref.slice('#/components/schemas/'.length))]).toEqual([ref, true]);
  }
});

it('produces a page without inline code, which the strict content security policy allows', () => {
  const page = renderPage(document);
  expect(page).not.toMatch(/<script>|style="|onclick=|https?:\/\//);
  for (const { operation } of operations) expect(page).toContain(`id="${operation.operationId}"`);
});
