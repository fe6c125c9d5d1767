import { z } from 'zod';
import type { Executor } from '../../db/executor';
import type { ApiSettings } from '../deps';
import { diagnose, Problem } from '../diagnosis';
import { listWorkers } from '../../db/worker-list';
import { pageOf } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';
import { Timestamp } from '../http/values';

const WorkerAnswer = z
  .object({
    id: z.uuid(),
    host: z.string(),
    pid: z.int(),
    version: z.string().nullable().describe('Release of the worker; null when it does not announce its release'),
    scriptLimits: z
      .enum(['cgroup', 'rlimit'])
      .nullable()
      .describe('How the worker enforces the limits of scripts; null when it does not announce this'),
    startedAt: Timestamp,
    live: z.boolean().describe('false for a worker that stopped some minutes ago'),
    partitions: z.int().describe('Partitions of the change log that it routes'),
  })
  .meta({ id: 'Worker' });

interface DiagnosisDeps {
  db: Executor;
  checkTemporal: () => Promise<void>;
  settings: Pick<ApiSettings, 'inForce'>;
}

const SettingAnswer = z
  .object({
    name: z.string().describe('Name of the environment variable'),
    value: z.string().nullable().describe('null when it is secret, or not set and without a default'),
    source: z.enum(['environment', 'default', 'unset']),
    secret: z.boolean(),
  })
  .meta({ id: 'Setting' });

/** Returns the routes for problems of the installation, settings, and workers. */
export function diagnosisRoutes(deps: DiagnosisDeps): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/diagnosis',
      permission: 'automation.read',
      operationId: 'operations.diagnose',
      tag: 'Operations',
      summary: 'List problems of the installation, with what to do about each',
      responses: {
        200: { description: 'The problems, the most severe first', schema: z.object({ items: z.array(Problem) }) },
      },
      handler: async () => json(200, { items: await diagnose(deps) }),
    }),
    readRoute({
      method: 'get',
      path: '/workers',
      permission: 'automation.read',
      operationId: 'operations.workers',
      tag: 'Operations',
      summary: 'List workers with their releases, live ones first',
      responses: { 200: { description: 'The workers', schema: pageOf(WorkerAnswer) } },
      handler: async () => {
        const workers = await listWorkers(deps.db);
        const items = workers.map((worker) => ({ ...worker, startedAt: worker.startedAt.toISOString() }));
        return json(200, { items, nextCursor: null });
      },
    }),
    readRoute({
      method: 'get',
      path: '/settings',
      permission: 'admin',
      operationId: 'operations.settings',
      tag: 'Operations',
      summary: 'List the settings in force in this API process, without secrets',
      responses: { 200: { description: 'All settings', schema: pageOf(SettingAnswer) } },
      handler: () => Promise.resolve(json(200, { items: [...(deps.settings.inForce ?? [])], nextCursor: null })),
    }),
  ];
}
