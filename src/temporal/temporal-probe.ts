import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { deadlineIn } from './deadline';

/** Timeout in milliseconds, short enough for a probe that runs every few seconds. */
const DEADLINE_MS = 1_500;

/** A check of whether Temporal can be reached. */
export interface TemporalProbe {
  /** Rejects when Temporal does not answer within 1.5 s. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Creates a probe that connects at its first check, so that the API starts and accepts events while Temporal is
 * unreachable. It uses the pure JavaScript client: the worker's native connection would cost the API process tens of
 * megabytes.
 */
export function createTemporalProbe({ address }: { address: string | undefined }): TemporalProbe {
  let connection: Connection | undefined;
  const connect = () => {
    const { connectionOptions } = loadClientConnectConfig();
    return Connection.lazy(address === undefined ? connectionOptions : { ...connectionOptions, address });
  };
  return {
    async check() {
      const used = (connection ??= connect());
      await used.withDeadline(deadlineIn(DEADLINE_MS), () => used.workflowService.getSystemInfo({}));
    },
    async close() {
      await connection?.close();
    },
  };
}
