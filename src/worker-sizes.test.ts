import { ConfigError, loadConfig } from './config';
import { defaultSizes, thisMachine } from './worker-sizes';

const GB = 1_073_741_824;
const machine = (cores: number, gigabytes: number) => ({ cores, memoryBytes: gigabytes * GB });

it('derives the sizes of a worker from cores and memory', () => {
  expect(defaultSizes(machine(2, 4))).toEqual({
    FERMATA_DB_POOL: 20,
    FERMATA_WORKFLOW_TASK_SLOTS: 200,
    FERMATA_ACTIVITY_SLOTS: 50,
    FERMATA_WORKFLOW_POLLERS: 10,
    FERMATA_ACTIVITY_POLLERS: 10,
    FERMATA_WORKFLOW_CACHE: 500,
  });
  expect(defaultSizes(machine(1, 0.5))).toMatchObject({
    FERMATA_WORKFLOW_TASK_SLOTS: 100,
    FERMATA_WORKFLOW_CACHE: 212,
  });
});

it('keeps every size within bounds on the smallest and the largest machines', () => {
  expect(defaultSizes(machine(1, 0.1))).toMatchObject({ FERMATA_DB_POOL: 10, FERMATA_WORKFLOW_CACHE: 50 });
  expect(defaultSizes(machine(128, 512))).toEqual({
    FERMATA_DB_POOL: 30,
    FERMATA_WORKFLOW_TASK_SLOTS: 1_000,
    FERMATA_ACTIVITY_SLOTS: 250,
    FERMATA_WORKFLOW_POLLERS: 20,
    FERMATA_ACTIVITY_POLLERS: 20,
    FERMATA_WORKFLOW_CACHE: 500,
  });
});

it('reads every size from the environment', () => {
  const { databasePool, workerSizes } = loadConfig({
    FERMATA_DB_POOL: '7',
    FERMATA_WORKFLOW_TASK_SLOTS: '90',
    FERMATA_ACTIVITY_SLOTS: '30',
    FERMATA_WORKFLOW_POLLERS: '4',
    FERMATA_ACTIVITY_POLLERS: '3',
    FERMATA_WORKFLOW_CACHE: '0',
  });
  expect(databasePool).toBe(7);
  expect(workerSizes).toEqual({
    workflowTasks: 90,
    activities: 30,
    workflowPollers: 4,
    activityPollers: 3,
    cachedWorkflows: 0,
  });
});

it('uses no more pollers than slots', () => {
  const { workerSizes } = loadConfig({ FERMATA_WORKFLOW_TASK_SLOTS: '3', FERMATA_ACTIVITY_SLOTS: '1' });
  expect(workerSizes).toMatchObject({ workflowPollers: 3, activityPollers: 1 });
});

it('shows the sizes derived from the machine as the defaults', () => {
  const { inForce } = loadConfig({ FERMATA_ACTIVITY_SLOTS: '9' }, [], machine(4, 8));
  const settings = new Map(inForce.map((each) => [each.name, each]));
  expect(settings.get('FERMATA_WORKFLOW_TASK_SLOTS')).toMatchObject({ value: '400', source: 'default' });
  expect(settings.get('FERMATA_ACTIVITY_SLOTS')).toMatchObject({ value: '9', source: 'environment' });
});

it('refuses sizes that a worker cannot run with', () => {
  expect(() => loadConfig({ FERMATA_WORKFLOW_POLLERS: '1' })).toThrow(ConfigError);
  expect(() => loadConfig({ FERMATA_WORKFLOW_CACHE: '-1' })).toThrow(/FERMATA_WORKFLOW_CACHE must be a whole number/);
});

it('detects at least one core and some memory', () => {
  const { cores, memoryBytes } = thisMachine();
  expect(cores).toBeGreaterThanOrEqual(1);
  expect(memoryBytes).toBeGreaterThan(0);
});
