import { z } from 'zod';
import { contextKeyOf, valueAt, type ForgeEvent } from '../domain/hooks/forge-event';
import type { ConfigComparison, TriggerType } from '../domain/registry/trigger-type';

const Wanted = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

/**
 * Returns the trigger type for one event of GitHub or GitLab. `place` is the field that names the repository or
 * project.
 */
export function forgeTrigger(
  id: string,
  category: string,
  place: 'repository' | 'project',
  event: ForgeEvent,
): TriggerType {
  const { displayName, description, payload, fields, keyLabel } = event;
  const optional = Wanted.optional().describe('One value, or a list of which one must match');
  const shape = Object.fromEntries(Object.keys(fields).map((name) => [name, optional]));
  const pathOf = (name: string) => (name === 'hook' ? 'hook' : (fields[name] ?? ''));
  const missed = (given: Record<string, unknown>, config: Record<string, unknown>) =>
    Object.entries(config).find(([name, wanted]) => !accepts(wanted, valueAt(given, pathOf(name))));
  return {
    ...{ id, displayName, description, category },
    payloadSchema: payload.extend({ hook: z.string() }),
    configSchema: z.strictObject({ ...shape, hook: optional }),
    contextKey: (given) => contextKeyOf(event, given),
    contextKeyLabel: keyLabel,
    evaluateConfig: (given, config) => missed(given, config) === undefined,
    mismatch(given, config): ConfigComparison | undefined {
      const found = missed(given, config);
      if (found === undefined) return undefined;
      const [path, wanted] = found;
      return { path, expression: pathOf(path), found: valueAt(given, pathOf(path)), wanted };
    },
    matched: (given, config) =>
      Object.entries(config).map(([path, wanted]) => {
        const expression = pathOf(path);
        return { path, expression, found: valueAt(given, expression), wanted };
      }),
    routingKey: {
      ofConfig: ({ [place]: wanted }) => (typeof wanted === 'string' ? wanted.toLowerCase() : null),
      ofPayload: (given) => String(valueAt(given, fields[place] ?? '')).toLowerCase(),
    },
  };
}

/**
 * Returns whether a value equals one of the wanted values. Ignores case and a leading `refs/heads/` or `refs/tags/`.
 */
function accepts(wanted: unknown, found: unknown): boolean {
  return [wanted].flat().some((each) => plain(each) === plain(found));
}

const plain = (value: unknown): string =>
  String(value)
    .replace(/^refs\/(heads|tags)\//, '')
    .toLowerCase();
