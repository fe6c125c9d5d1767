import { randomUUID } from 'node:crypto';
import { testEnvironment } from './environment';

/** Where the shared Temporal dev server is, and a task queue that no other test polls. */
export interface TestTemporal {
  /** host:port */
  address: string;
  namespace: string;
  taskQueue: string;
}

/** The shared Temporal dev server, with a fresh task queue on each call. */
export function testTemporal(): TestTemporal {
  const { FERMATA_TEST_TEMPORAL_ADDRESS: address, FERMATA_TEST_TEMPORAL_NAMESPACE: namespace } = testEnvironment();
  return { address, namespace, taskQueue: `test-${randomUUID()}` };
}
