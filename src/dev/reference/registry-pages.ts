import { stringify } from 'yaml';
import { z } from 'zod';
import type { ActionDescription } from '../../domain/registry/action-description';
import type { ArtifactType, Registry } from '../../domain/registry/registry';
import { sampleOf } from '../../domain/registry/sample';
import type { TriggerType } from '../../domain/registry/trigger-type';
import { exampleConfig } from './example-config';
import type { ExampleUse, ExampleUses } from './find-examples';
import { schemaFields } from './schema-fields';

/** The first line of every generated page. */
const NOTE = '<!-- Generated from the registry by `npm run reference`. Do not edit. -->';

/** Returns a map with a page for each trigger. The keys are paths below `docs/reference`. */
export function triggerPages(registry: Registry, { triggers }: ExampleUses): Map<string, string> {
  return new Map(
    [...registry.triggers()].map(([id, type]) => [`triggers/${id}.md`, triggerPage(id, type, triggers.get(id))]),
  );
}

/** Returns a map with a page for each action. The keys are paths below `docs/reference`. */
export function actionPages(registry: Registry, { actions }: ExampleUses): Map<string, string> {
  return new Map(
    [...registry.actions()].map(([id, action]) => [
      `actions/${id}.md`,
      actionPage(id, action, registry.artifactTypeOf(id), actions.get(id)),
    ]),
  );
}

function triggerPage(event: string, type: TriggerType, use: ExampleUse | undefined): string {
  const configSchema = type.configSchema === undefined ? undefined : toJsonSchema(type.configSchema);
  const payloadSchema = toJsonSchema(type.payloadSchema);
  const config = use === undefined && configSchema !== undefined ? exampleConfig(event, configSchema) : use?.config;
  const example = { triggers: [{ event, ...(hasKeys(config) && { config }) }] };
  return page([
    `# ${event}`,
    type.description,
    table(
      ['', ''],
      [
        ['Context key', type.contextKeyLabel ?? 'none: one for the whole automation'],
        ['`for`', type.holds === undefined ? 'not supported' : 'supported'],
        ...(type.source === undefined ? [] : [['Read from', link('trigger', type.source)]]),
      ],
    ),
    ...exampleSection(example, use),
    '## Config',
    configSchema === undefined ? 'This trigger takes no config.' : configTable(configSchema),
    '## Payload (`trigger.payload`)',
    valueTable(payloadSchema),
    'An example:',
    fenced('json', JSON.stringify(sampleOf(payloadSchema), null, 2)),
  ]);
}

function actionPage(
  id: string,
  action: ActionDescription,
  artifact: ArtifactType | undefined,
  use: ExampleUse | undefined,
): string {
  const configSchema = toJsonSchema(action.configSchema);
  const config = use === undefined ? exampleConfig(id, configSchema) : use.config;
  const facts = [
    ...(action.connection === undefined
      ? []
      : [['Connection', `\`connectionId\` is the id or name of one of the type \`${action.connection}\``]]),
    ...(action.connectionField === undefined
      ? []
      : [['Connection', `\`${action.connectionField}\` names one of any type that can notify`]]),
    ...(action.consumes === undefined
      ? []
      : [['Works on', `the artifact \`${action.consumes}\` unless the config names an id`]]),
  ];
  return page([
    `# ${id}`,
    `${action.displayName}. ${action.description}`,
    ...(facts.length === 0 ? [] : [table(['', ''], facts)]),
    ...exampleSection({ actions: [{ id: 'step', action: id, ...(hasKeys(config) && { config }) }] }, use),
    '## Config',
    configTable(configSchema),
    '## Artifact',
    ...(artifact === undefined
      ? ['This action produces no artifact.']
      : [
          `\`${artifact.id}\`, read as \`artifacts.step.${artifact.name}.<field>\`.`,
          valueTable(toJsonSchema(artifact.schema)),
        ]),
  ]);
}

/** Joins blocks into a page that ends with one line break. */
export function page(blocks: readonly string[]): string {
  return `${[NOTE, ...blocks].join('\n\n')}\n`;
}

/** Returns a Markdown table. Escapes `|` and line breaks in cells. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** Returns a code block. */
export function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
const link = (kind: 'trigger' | 'action', id: string): string => `[${id}](../${kind}s/${id}.md)`;
const hasKeys = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

function exampleSection(example: unknown, use: ExampleUse | undefined): string[] {
  const source = use === undefined ? [] : [`From [${use.file}](../../../${use.file}).`];
  return ['## Example', fenced('yaml', stringify(example, { lineWidth: 100 })), ...source];
}

/** Returns a table of the fields that users write. It shows which are required, and the defaults of the others. */
function configTable(schema: Record<string, unknown>): string {
  const fields = schemaFields(schema);
  if (fields.length === 0) return 'The config has no fixed fields.';
  const rows = fields.map(({ path, type, required, preset, description }) => [
    `\`${path}\``,
    type,
    preset === undefined ? (required ? 'required' : '') : `\`${preset}\``,
    description,
  ]);
  return table(['field', 'type', 'default', 'meaning'], rows);
}

/** Returns a table of the fields that Fermata writes. It shows which are always present. */
function valueTable(schema: Record<string, unknown>): string {
  const fields = schemaFields(schema);
  if (fields.length === 0) return 'It has no fixed fields.';
  const rows = fields.map(({ path, type, required, preset, description }) => [
    `\`${path}\``,
    type,
    required || preset !== undefined ? 'always' : 'sometimes',
    description,
  ]);
  return table(['field', 'type', 'present', 'meaning'], rows);
}

function toJsonSchema(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
}
