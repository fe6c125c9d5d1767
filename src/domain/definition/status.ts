import { z } from 'zod';
import type { Finding } from '../errors';
import { explain } from '../validation/explain';
import { isMap } from './plain-map';
import { validateYaml, type Validation, type ValidationOptions } from './validate';
import type { Locate } from './yaml-locate';

/** Whether an automation starts runs. The status is sent together with the document but is not part of a version. */
export const AutomationStatus = z.enum(['enabled', 'disabled']);
type AutomationStatus = z.infer<typeof AutomationStatus>;

/** Splits the document of a request into its `status` and the rest. An unknown status becomes a finding. */
export function takeStatus(
  sent: Record<string, unknown>,
  locate?: Locate,
): { document: Record<string, unknown>; status: AutomationStatus | undefined; findings: readonly Finding[] } {
  const { status: given, ...document } = sent;
  if (!Object.hasOwn(sent, 'status')) return { document, status: undefined, findings: [] };
  const status = explain(AutomationStatus, given);
  if (status.success) return { document, status: status.data, findings: [] };
  const message = status.problems[0]?.message ?? '';
  const finding = { path: 'status', message, code: 'invalid_value', ...locate?.('status') };
  return { document, status: undefined, findings: [finding] };
}

/**
 * Validates YAML text as `POST /automations/validate` does. The text must contain one document, which may have `status`
 * as an additional key.
 */
export function validateSentYaml(
  text: string,
  options: Omit<ValidationOptions, 'locate'>,
): Pick<Validation, 'errors' | 'warnings'> {
  const { errors, warnings } = validateYaml(text, options, (value, locate) =>
    isMap(value) ? takeStatus(value, locate) : { document: value, findings: [] },
  );
  return { errors, warnings };
}
