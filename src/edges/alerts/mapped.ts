import type { AlertStatus } from '../../domains/alert/alert-entity';
import { messageOf } from '../../domain/errors';
import { ExpressionError } from '../../domain/expressions/error';
import { evaluate } from '../../domain/expressions/evaluate';
import { parseBareExpression } from '../../domain/expressions/template';
import type { AlertMapping } from '../../domain/hooks/alert-mapping';
import { MAX_FINGERPRINT_LENGTH } from './alertmanager';
import { runbookIn, text, textMap } from './fields';
import { ElementError, element, type Element, type SenderMessage } from './sender';

/** Maximum number of elements in a message. */
const MAX_ELEMENTS = 10_000;
/**
 * Maximum number of steps per expression. Together with `BUDGET_MS`, the maximum total time in milliseconds for all
 * elements of a message, it prevents a sender's data from blocking the process.
 */
const MAX_STEPS = 50_000;
const BUDGET_MS = 2_000;

/** The scope of a hook's expressions. */
export interface MappedRequest {
  body: unknown;
  headers: Record<string, string>;
  query: Record<string, string | string[]>;
}

type Scope = MappedRequest & { item?: unknown };

function valueOf(mapping: AlertMapping, key: keyof AlertMapping, scope: Scope, now: Date): unknown {
  const source = mapping[key];
  if (source === undefined) return undefined;
  try {
    return evaluate(parseBareExpression(source).expression, { ...scope }, { now, maxSteps: MAX_STEPS });
  } catch (error) {
    if (error instanceof ExpressionError) throw new ElementError(`${key}: ${messageOf(error)}`);
    throw error;
  }
}

const STATUSES: ReadonlyMap<unknown, AlertStatus> = new Map<unknown, AlertStatus>([
  ['firing', 'firing'],
  ['resolved', 'resolved'],
  [true, 'firing'],
  [false, 'resolved'],
]);

function readItem(hook: string, mapping: AlertMapping, scope: Scope, now: Date): Element {
  const value = (key: keyof AlertMapping) => valueOf(mapping, key, scope, now);
  const fingerprint = text({ value: value('fingerprint') }, 'value');
  if (fingerprint === undefined) throw new ElementError('fingerprint: must be a non-empty string');
  if (fingerprint.length > MAX_FINGERPRINT_LENGTH) {
    throw new ElementError(`fingerprint: must have at most ${MAX_FINGERPRINT_LENGTH} characters`);
  }
  const given = value('status');
  const status = STATUSES.get(typeof given === 'string' ? given.toLowerCase() : given);
  if (status === undefined) throw new ElementError('status: must be firing or resolved, or true or false');
  const [name, level] = [text({ value: value('name') }, 'value'), text({ value: value('severity') }, 'value')];
  const labels = {
    ...textMap(value('labels'), 'labels'),
    ...(name !== undefined && { alertname: name }),
    ...(level !== undefined && { severity: level }),
  };
  const annotations = textMap(value('annotations'), 'annotations');
  const runbook = annotations['runbook_url'] ?? runbookIn(annotations['description']);
  return {
    kind: 'alert',
    alert: {
      ...{ fingerprint: `${hook}:${fingerprint}`, status, source: hook },
      labels: { alertname: hook, severity: 'warning', ...labels },
      annotations: { ...annotations, ...(runbook !== undefined && { runbook_url: runbook }) },
      // A message that resolves an alert often does not describe it again.
      ...(status === 'resolved' && { partial: { replaces: Object.keys(labels), replacesAnnotations: true } }),
    },
  };
}

/**
 * Reads the alerts in a hook request by evaluating the expressions of the hook's mapping. If an expression fails for an
 * element, only that element is rejected.
 * @throws {ElementError} when `each` fails, or its value is not a list or has more than 10,000 elements
 */
export function readMapped(hook: string, mapping: AlertMapping, request: MappedRequest, now: Date): SenderMessage {
  const items = mapping.each === undefined ? [request.body] : valueOf(mapping, 'each', request, now);
  if (!Array.isArray(items)) throw new ElementError('each: must be a list');
  if (items.length > MAX_ELEMENTS) throw new ElementError(`each: has more than ${MAX_ELEMENTS} elements`);
  const deadline = performance.now() + BUDGET_MS;
  const elements = items.map((item: unknown) =>
    element(() => {
      if (performance.now() > deadline) throw new ElementError('the expressions of the hook take too long');
      return readItem(hook, mapping, { ...request, item }, now);
    }),
  );
  return { elements };
}
