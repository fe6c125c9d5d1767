import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';

/** The address of Temporal, if it is not taken from the environment. */
export interface TemporalAddress {
  /** Overrides the environment; set by `fermata dev` and tests. */
  address?: string | undefined;
  namespace: string;
}

/** Returns the address, API key and TLS settings from Temporal's standard environment variables and profiles. */
function connectionOptions({ address }: TemporalAddress) {
  const options = loadClientConnectConfig({}).connectionOptions;
  return address === undefined ? options : { ...options, address };
}

/**
 * Connects a worker process to Temporal. Its Temporal worker and its client share the connection, as eager starts
 * require.
 */
export async function connectNative(address: TemporalAddress): Promise<NativeConnection> {
  return NativeConnection.connect(connectionOptions(address));
}

/** Maximum size of a response, in bytes: a history page may exceed gRPC's default of 4 MB. */
const MAX_RESPONSE_BYTES = 128 * 1_024 * 1_024;

/** Returns a client that connects on first use, for processes that must start while Temporal is unreachable. */
export function lazyClient(address: TemporalAddress, dataConverter?: DataConverter): Client {
  const channelArgs = { 'grpc.max_receive_message_length': MAX_RESPONSE_BYTES };
  const connection = Connection.lazy({ ...connectionOptions(address), channelArgs });
  return new Client({ connection, namespace: address.namespace, ...(dataConverter && { dataConverter }) });
}
