import type { Egress } from '../../edges/egress/egress';
import { httpFailure } from '../../edges/egress/http-failure';
import type { ConnectionType } from '../connections/connection-type';
import type { Plugin } from '../contract';
import { createPollUntil, createRequest } from './actions';
import { createHttpClient, HttpConnection, type HttpClient } from './client';

function createHttpConnectionType(client: HttpClient): ConnectionType<HttpConnection> {
  return {
    id: 'http',
    displayName: 'HTTP API',
    configSchema: HttpConnection,
    addressFields: ['baseUrl'],
    async test(config, call) {
      const response = await client(config, call, { method: 'GET', path: '' }, 'connection-test');
      // The API may have no resource at its base URL. Only refused credentials and server errors fail the test.
      const { status } = response;
      if (status === 401 || status === 403 || status === 407 || status >= 500) throw httpFailure(response, call);
      return `${config.baseUrl} answers with status ${status}.`;
    },
    options: {},
  };
}

/** Creates the plugin for HTTP APIs without a dedicated integration. */
export function createHttpPlugin({ egress }: { egress: Egress }): Plugin {
  const client = createHttpClient(egress);
  return {
    id: 'integration-http',
    connectionTypes: [createHttpConnectionType(client)],
    actions: [createRequest(client), createPollUntil(client)],
  };
}
