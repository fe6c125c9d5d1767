import { allowsHost, useRefusal, type SecretBinding, type SecretUse } from '../secrets/binding';
import { referencesIn } from '../secrets/references';
import type { Findings } from './findings';
import type { Segment } from './place';

/** The known secret bindings, and the id of the document's automation. */
export interface SecretBindings {
  bindings: ReadonlyMap<string, SecretBinding | null>;
  /** Absent for an automation that has not been saved. */
  automationId?: string | undefined;
}

/** Matches a URL with a literal host. Does not match when a template or a secret determines the host. */
const STATIC_HOST = /^\s*https?:\/\/([^/?#{}$\s@]+?)(?::\d+)?(?:[/?#]|\s*$)/i;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Warns about secrets in a string of a step's config that the step will not be allowed to use. */
export function checkSecretUse(
  text: string,
  path: readonly Segment[],
  step: { action: string; config: Record<string, unknown>; isEnvironment: boolean; document: Record<string, unknown> },
  { bindings, automationId }: SecretBindings,
  findings: Findings,
): void {
  const { document, action, config } = step;
  const automation = { id: automationId ?? null, name: textOf(document.name), group: textOf(document.group).trim() };
  const use: SecretUse = { automation, action, way: step.isEnvironment ? 'environment' : 'call' };
  for (const name of new Set(referencesIn(text))) {
    const binding = bindings.get(name);
    if (!binding) continue;
    const why = useRefusal(knownPart(binding, automationId), use) ?? hostRefusal(binding, config['url']);
    if (why === null) continue;
    const message = `The secret "${name}" ${why}: the step will fail`;
    findings.warning({ path: [...path], code: 'secret_not_allowed', message });
  }
}

/**
 * Returns the part of a binding that can be checked. The id of an automation is unknown until the automation is saved.
 */
function knownPart(binding: SecretBinding, automationId: string | undefined): SecretBinding {
  const { automations, ...rest } = binding;
  return automationId === undefined && automations?.some((one) => UUID.test(one)) ? rest : binding;
}

function hostRefusal({ hosts }: SecretBinding, url: unknown): string | null {
  const host = hosts && typeof url === 'string' ? STATIC_HOST.exec(url)?.[1] : undefined;
  if (!hosts || host === undefined || allowsHost(hosts, host)) return null;
  return `is not allowed for the host ${host}`;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
