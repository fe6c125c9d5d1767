import { z } from 'zod';

/**
 * Variables that the global setup passes to the test files in `process.env`. Jest copies `process.env` to its workers.
 */
const Environment = z.object({
  FERMATA_TEST_POSTGRES_URL: z.string(),
  FERMATA_TEST_TEMPORAL_ADDRESS: z.string(),
  FERMATA_TEST_TEMPORAL_NAMESPACE: z.string(),
  FERMATA_TEST_SCRIPT_CGROUP: z.string(),
});

/** Name of the migrated database from which test databases are copied. */
export const TEMPLATE_DATABASE = 'fermata_template';

/**
 * Returns the connection data of the shared servers.
 * @throws {Error} outside of the integration tests
 */
export function testEnvironment(): z.infer<typeof Environment> {
  const parsed = Environment.safeParse(process.env);
  if (parsed.success) return parsed.data;
  throw new Error('Run this with "jest --selectProjects integration": its global setup starts Postgres and Temporal.');
}
