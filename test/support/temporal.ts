import { randomUUID } from 'node:crypto';
import { testEnvironment } from './environment';

/** The address of the shared Temporal dev server, and a task queue that no other test polls. */
export interface TestTemporal {
  /** `host:port` */
  address: string;
  namespace: string;
  taskQueue: string;
}

/** Returns the shared Temporal dev server, with a new task queue for each call. */
export function testTemporal(): TestTemporal {
  const { FERMATA_TEST_TEMPORAL_ADDRESS: address, FERMATA_TEST_TEMPORAL_NAMESPACE: namespace } = testEnvironment();
  return { address, namespace, taskQueue: `test-${randomUUID()}` };
}
