import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';

/** Where Temporal is, as the environment says. */
export interface TemporalAddress {
  /** Wins over the environment's; `fermata dev` and tests give it. */
  address?: string | undefined;
  namespace: string;
}

/** Address, API key and TLS of the standard Temporal environment variables and profiles. */
function connectionOptions({ address }: TemporalAddress) {
  const options = loadClientConnectConfig({}).connectionOptions;
  return address === undefined ? options : { ...options, address };
}

/** Returns the worker's one connection, shared by its Temporal worker and its client: that is what makes eager start possible. */
export async function connectNative(address: TemporalAddress): Promise<NativeConnection> {
  return NativeConnection.connect(connectionOptions(address));
}

/** Largest answer that a client reads, in bytes: a page of a history may exceed the 4 MB that gRPC reads by default. */
const LARGEST_ANSWER = 128 * 1_024 * 1_024;

/** Returns a client that connects on first use; for processes that must start while Temporal is away. */
export function lazyClient(address: TemporalAddress, dataConverter?: DataConverter): Client {
  const channelArgs = { 'grpc.max_receive_message_length': LARGEST_ANSWER };
  const connection = Connection.lazy({ ...connectionOptions(address), channelArgs });
  return new Client({ connection, namespace: address.namespace, ...(dataConverter && { dataConverter }) });
}
