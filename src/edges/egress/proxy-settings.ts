import ipaddr from 'ipaddr.js';

/** The proxy for each scheme. Null means a direct connection. */
export interface ProxySettings {
  http: URL | null;
  https: URL | null;
  /** Hosts to connect to directly, in `NO_PROXY` syntax. */
  noProxy: readonly string[];
}

const NONE: ProxySettings = { http: null, https: null, noProxy: [] };

/**
 * Parses `FERMATA_EGRESS_PROXY`. `env` uses `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` (lower-case names take
 * precedence, as in curl). `none` ignores these variables. A URL is used as the proxy for both schemes, except for the
 * hosts in `NO_PROXY`.
 * @throws {Error} for a proxy that is not an http(s) URL
 */
export function readProxySettings(setting: string, env: Readonly<Record<string, string | undefined>>): ProxySettings {
  if (setting === 'none') return NONE;
  const variable = (name: string) => env[name.toLowerCase()] || env[name] || '';
  const noProxy = variable('NO_PROXY')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
  if (setting !== 'env') {
    const url = proxyUrl('FERMATA_EGRESS_PROXY', setting);
    return { http: url, https: url, noProxy };
  }
  const read = (name: string) => (variable(name) === '' ? null : proxyUrl(name, variable(name)));
  return { http: read('HTTP_PROXY'), https: read('HTTPS_PROXY'), noProxy };
}

function proxyUrl(name: string, text: string): URL {
  // curl and other programs accept an address without a scheme.
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (URL.canParse(full)) {
    const url = new URL(full);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  }
  throw new Error(`${name} must be the http(s) URL of a proxy, env or none`);
}

/** Returns the proxy for a target, or null for a direct connection. */
export function proxyFor(
  settings: ProxySettings,
  target: { protocol: string; hostname: string; port: number },
): URL | null {
  const proxy = target.protocol === 'https:' ? settings.https : settings.http;
  if (proxy === null || settings.noProxy.some((entry) => matches(entry, target))) return null;
  return proxy;
}

/**
 * Returns whether a target matches an entry: `*`, a host including its subdomains, `.suffix`, an address, or a CIDR
 * range. Each may end with `:port`.
 */
function matches(entry: string, { hostname, port }: { hostname: string; port: number }): boolean {
  if (entry === '*') return true;
  const [, host = entry, only] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(entry) ?? [];
  if (only !== undefined && Number(only) !== port) return false;
  const name = hostname.toLowerCase().replace(/\.$/, '');
  const wanted = host.toLowerCase().replace(/^\[|\]$/g, '');
  if (ipaddr.isValid(name)) return ipMatches(wanted, name);
  const suffix = wanted.replace(/^\*?\./, '');
  return name === suffix || name.endsWith(`.${suffix}`);
}

function ipMatches(wanted: string, name: string): boolean {
  const address = ipaddr.process(name);
  if (ipaddr.isValidCIDR(wanted)) {
    const range = ipaddr.parseCIDR(wanted);
    return range[0].kind() === address.kind() && address.match(range);
  }
  return ipaddr.isValid(wanted) && ipaddr.process(wanted).toString() === address.toString();
}
