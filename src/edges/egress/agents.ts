import { Agent, Pool } from 'undici';
import { sha256 } from '../../domain/sha256';
import type { AllowList } from './allow-list';
import { guardedLookup, type Resolve } from './guarded-lookup';
import { targetOf } from './target';
import type { EgressTls } from './tls';

/** Timeout of connecting, in milliseconds; the request has its own deadline besides. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** Maximum number of pools for different trusts and identities. */
const MAX_TLS_AGENTS = 50;

/** Kept-alive connections to checked addresses. */
interface Agents {
  /** Returns the connections that requests with the same trust and identity share. */
  with(tls: EgressTls | undefined): Agent;
  /** Closes all connections; current requests fail. */
  close(): Promise<void>;
}

/** Creates the pools of connections. Past 50 of them with a trust or identity of their own, the least recently used one is closed. */
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
