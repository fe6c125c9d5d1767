import type { FilterInfo } from '../../domain/expressions/filter-registry';
import type { Registry } from '../../domain/registry/registry';
import { page, table } from './registry-pages';

/**
 * Returns the text of `docs/reference/README.md`, which lists every trigger, action and filter with its description.
 */
export function indexPage(registry: Registry, filters: readonly FilterInfo[]): string {
  const rows = (folder: string, entries: readonly (readonly [string, string])[]) =>
    entries.map(([name, description]) => [`[${name}](${folder}/${name}.md)`, description]);
  const described = (map: ReadonlyMap<string, { description: string }>) =>
    [...map].map(([name, { description }]) => [name, description] as const);
  return page([
    '# Reference',
    'Every built-in trigger, action and filter, with its schema and an example. [Writing automations](../automations.md) explains how they work together.',
    '## Triggers',
    table(['event', 'fires when'], rows('triggers', described(registry.triggers()))),
    '## Actions',
    table(['action', 'does'], rows('actions', described(registry.actions()))),
    '## Filters',
    table(
      ['filter', 'result'],
      rows(
        'filters',
        filters.map(({ name, description }) => [name, description] as const),
      ),
    ),
  ]);
}
