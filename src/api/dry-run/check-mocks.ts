import { z } from 'zod';
import type { Definition } from '../../domain/definition/schema';
import { formatPlace } from '../../domain/definition/place';
import { walkDocument } from '../../domain/definition/walk';
import type { Finding } from '../../domain/errors';
import { nearest } from '../../domain/expressions/nearest';
import type { Registry } from '../../domain/registry/registry';
import { explain, findingsOf } from '../../domain/validation/explain';
import { valueAt } from '../../domain/validation/found-value';
import { invalid } from '../../engine/start/named-trigger';

type Steps = ReadonlyMap<string, Record<string, unknown>>;

/** Result of a wait. Other keys, such as `trigger`, may have any value. */
const WaitMock = z.looseObject({ completed: z.boolean(), remainingSeconds: z.number().nullable() });

/**
 * Checks that each mock names a step, and that the keys that it has are of the types of the artifact or wait result. A
 * mock may omit keys.
 * @throws {FermataError} `validation_failed` with paths such as `mocks.open.incidentId`
 */
export function checkMocks(
  registry: Registry,
  definition: Pick<Definition, 'actions' | 'on_failure'>,
  mocks: Readonly<Record<string, unknown>>,
): void {
  const { byPath, byId } = stepsOf(definition);
  const errors = Object.entries(mocks).flatMap(([key, mock]): Finding[] => {
    const step = byPath.get(key.replaceAll(/\brepeat\[\d+\]/g, 'repeat[]')) ?? byId.get(key);
    if (step === undefined) return [unknownStep(key, byId)];
    const schema = schemaOf(registry, step);
    const parsed = schema && explain(schema, mock);
    if (parsed === undefined || parsed.success) return [];
    const wrong = parsed.problems.filter(({ path }) => valueAt(mock, path) !== undefined);
    return findingsOf(wrong, ['mocks', key]);
  });
  if (errors.length > 0) throw invalid(errors);
}

/** Returns all steps by path and by id. Paths have `repeat[]` in place of the number of an iteration. */
function stepsOf(definition: Pick<Definition, 'actions' | 'on_failure'>): { byPath: Steps; byId: Steps } {
  const byPath = new Map<string, Record<string, unknown>>();
  const byId = new Map<string, Record<string, unknown>>();
  walkDocument(
    { ...definition },
    {
      step({ step, path }) {
        byPath.set(formatPlace(path).replaceAll('repeat.', 'repeat[].'), step);
        if (typeof step.id === 'string') byId.set(step.id, step);
      },
    },
  );
  return { byPath, byId };
}

function schemaOf(registry: Registry, step: Record<string, unknown>): z.ZodObject | undefined {
  if ('wait_until' in step || 'wait_for_trigger' in step) return WaitMock;
  return typeof step.action === 'string' ? registry.artifactTypeOf(step.action)?.schema : undefined;
}

function unknownStep(key: string, byId: Steps): Finding {
  const meant = nearest(key, byId.keys());
  const hint = meant === undefined ? '' : `. Did you mean "${meant}"?`;
  return { path: formatPlace(['mocks', key]), message: `Step "${key}" not found${hint}`, code: 'unknown_step' };
}
