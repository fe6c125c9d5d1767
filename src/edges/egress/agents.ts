import { Agent, Pool } from 'undici';
import { sha256 } from '../../domain/sha256';
import type { AllowList } from './allow-list';
import { guardedLookup, type Resolve } from './guarded-lookup';
import { targetOf } from './target';
import type { EgressTls } from './tls';

/** Timeout in milliseconds for opening a connection. The request timeout also applies. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** Maximum number of connection pools with custom TLS trust or identity. */
const MAX_TLS_AGENTS = 50;

/** Pools of keep-alive connections to addresses that have been checked. */
interface Agents {
  /** Returns the pool for requests with the given TLS trust and identity. */
  with(tls: EgressTls | undefined): Agent;
  /** Closes all connections. Requests in progress fail. */
  close(): Promise<void>;
}

/**
 * Creates the connection pools. If there are more than 50 pools with custom TLS trust or identity, the least recently
 * used pool is closed.
 */
export function createAgents(allowList: AllowList, resolve: Resolve): Agents {
  const create = (tls: EgressTls = {}) =>
    new Agent({
      factory: (origin) => {
        const { port } = targetOf(new URL(origin));
        const connect = { lookup: guardedLookup(port, allowList, resolve), timeout: CONNECT_TIMEOUT_MS, ...tls };
        return new Pool(origin, { connect, headersTimeout: 0, bodyTimeout: 0 });
      },
    });
  const plain = create();
  const byTls = new Map<string, Agent>();
  return {
    with(tls) {
      if (tls === undefined) return plain;
      const key = sha256(JSON.stringify(tls));
      const found = byTls.get(key) ?? create(tls);
      byTls.delete(key);
      byTls.set(key, found);
      const [oldest] = byTls.keys();
      if (byTls.size > MAX_TLS_AGENTS && oldest !== undefined) {
        void byTls.get(oldest)?.close();
        byTls.delete(oldest);
      }
      return found;
    },
    async close() {
      await Promise.all([plain, ...byTls.values()].map((agent) => agent.destroy()));
    },
  };
}
