import { z } from 'zod';
import { canonicalActionId } from '../registry/action-aliases';

const MAX_ENTRIES = 100;
const Entry = z.string().trim().min(1).max(253);

const Host = Entry.transform((text, context) => {
  const prefix = text.startsWith('*.') ? '*.' : '';
  const name = hostNameOf(text.slice(prefix.length));
  if (name !== null) return `${prefix}${name}`;
  context.addIssue('must be the name of a host without scheme, port or path, or *.example.com');
  return z.NEVER;
});

const list = <T extends z.ZodType>(entry: T) => z.array(entry).min(1).max(MAX_ENTRIES).optional();

/** Restrictions on where a secret may be used. Every list that is set must match. */
export const SecretBinding = z
  .strictObject({
    hosts: list(Host).describe('Exact names or `*.example.com`: every request of the step, redirects included'),
    groups: list(Entry).describe('Groups of automations'),
    automations: list(Entry).describe('Ids or names of automations'),
    actions: list(Entry).describe('Actions, e.g. `integration-webhook.send`'),
  })
  .refine((binding) => Object.keys(binding).length > 0, 'must name hosts, groups, automations or actions')
  .meta({ id: 'SecretBinding' });
export type SecretBinding = z.infer<typeof SecretBinding>;

/** The use of a secret by a step. */
export interface SecretUse {
  /** `id` is null while the automation has not been saved. */
  automation: { id: string | null; name: string; group: string | null };
  /** The action, as it is written in the step. */
  action: string;
  /**
   * Where the value goes: to an address through the egress guard, into the environment of a script, or into Fermata's
   * own tables.
   */
  way: 'call' | 'environment' | 'effect';
}

/** A secret that may be sent only to some hosts. */
export interface BoundSecret {
  name: string;
  hosts: readonly string[];
}

/**
 * Returns why a use is not allowed, or null when it is allowed. The text is the end of a sentence about the secret. The
 * hosts of a call are checked later, when they are known.
 */
export function useRefusal(binding: SecretBinding | null | undefined, use: SecretUse): string | null {
  if (!binding) return null;
  const { automation, action, way } = use;
  const { hosts, groups, automations, actions } = binding;
  const id = canonicalActionId(action);
  if (actions && !actions.some((one) => canonicalActionId(one) === id))
    return `is not allowed for the action ${action}`;
  if (groups && !groups.includes(automation.group ?? '')) return 'is not allowed for the group of this automation';
  if (automations && !automations.includes(automation.name) && !automations.includes(automation.id ?? '')) {
    return 'is not allowed for this automation';
  }
  if (hosts === undefined) return null;
  if (way === 'environment') return 'is bound to hosts and cannot be put into the environment of a script';
  if (way === 'effect' || id.startsWith('automation.')) return `is bound to hosts and cannot be used by ${action}`;
  return null;
}

/** Returns whether a list of hosts contains the host of a request. */
export function allowsHost(hosts: readonly string[], hostname: string): boolean {
  const name = hostNameOf(hostname);
  if (name === null) return false;
  return hosts.some((host) => (host.startsWith('*.') ? name.endsWith(host.slice(1)) : name === host));
}

/**
 * Returns a host as it appears in URLs (lower case, punycode, dotted IPv4), without brackets or a trailing dot, or null
 * if the host is not valid.
 */
function hostNameOf(text: string): string | null {
  const bare = text.replace(/^\[|\]$/g, '');
  const address = `http://${bare.includes(':') ? `[${bare}]` : bare}/`;
  if (!URL.canParse(address)) return null;
  const { hostname, href } = new URL(address);
  if (hostname === '' || href !== `http://${hostname}/` || hostname.includes('*')) return null;
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}
