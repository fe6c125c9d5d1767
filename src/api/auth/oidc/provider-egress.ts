import { createEgress, type Egress } from '../../../edges/egress/egress';
import { proxyFor, type ProxySettings } from '../../../edges/egress/proxy-settings';
import { targetOf } from '../../../edges/egress/target';

/** Rules for outgoing requests. */
export interface EgressRules {
  /** Hosts, addresses and CIDR ranges that are allowed in addition to public addresses. */
  egressAllow: readonly string[];
  egressProxy: ProxySettings;
}

/**
 * Creates the HTTP client for a provider. The operator has configured the issuer, so its host and port are allowed
 * although they may be private. Other hosts in its discovery document need `FERMATA_EGRESS_ALLOW` if they are private.
 * An issuer behind a proxy is not added, because allowed hosts are reached directly.
 */
export function createProviderEgress(issuer: string, { egressAllow: allow, egressProxy: proxy }: EgressRules): Egress {
  const url = new URL(issuer);
  const target = targetOf(url);
  const usesProxy = proxyFor(proxy, { protocol: url.protocol, ...target }) !== null;
  return createEgress({ allow: usesProxy ? allow : [...allow, `${url.hostname}:${target.port}`], proxy });
}
