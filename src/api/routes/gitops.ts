import { z } from 'zod';
import type { AutomationStore } from '../../db/automation-store';
import { knownReferences } from '../../db/known-references';
import type { Notifier } from '../../db/notifier';
import { claimSource, releaseSource } from '../../db/gitops-sources';
import type { Executor } from '../../db/executor';
import type { Clock } from '../../domain/clock';
import { automationJsonSchema } from '../../domain/definition/json-schema';
import { GitOpsDocument } from '../../domain/definition/gitops-document';
import { FermataError } from '../../domain/errors';
import { lazily } from '../../domain/lazily';
import type { ActionDescription } from '../../domain/registry/action-description';
import type { Registry } from '../../domain/registry/registry';
import type { Principal } from '../auth/principal';
import type { AutomationValidator } from '../automations/validator';
import { applyDocuments } from '../gitops/apply-documents';
import { decodeUtf8, isJsonType, isYamlType, mediaTypeOf } from '../http/body';
import { refusalOfFindings } from '../http/findings';
import { ProblemFinding } from '../http/problem';
import { assertStorableBody } from '../http/stored-text';
import { json, readRoute, writeRoute, type Route } from '../http/route';
import { FlagQuery } from '../http/values';

const TAG = 'GitOps';

const ApplyQuery = z.object({
  dryRun: FlagQuery.optional().describe('Only report what an apply would do'),
  prune: FlagQuery.optional().describe('Delete automations of this source that the documents no longer contain'),
  source: z
    .string()
    .min(1)
    .max(200)
    .default('default')
    .describe('Name of the source that owns the automations, e.g. a repository'),
  commit: z.string().min(1).max(200).optional().describe('Commit of the documents, stored as their origin'),
  allowEmpty: FlagQuery.optional().describe('Let `prune` delete all automations of the source'),
});

const ApplyAnswer = z.object({
  warnings: z.array(ProblemFinding).describe('Warnings; paths begin with `documents[<index>]`'),
  results: z.array(
    z.object({
      name: z.string().describe('`metadata.name`'),
      id: z.uuid().nullable().describe('null when the automation would be created'),
      action: z.enum(['created', 'updated', 'unchanged', 'deleted']),
    }),
  ),
});

const JsonSchema = z.record(z.string(), z.unknown());
const KindAnswer = z
  .object({
    apiVersion: z.string(),
    kind: z.string(),
    description: z.string(),
    schema: JsonSchema.describe('JSON Schema of the whole document'),
    variants: z.array(
      z.object({
        path: z.enum(['spec.triggers[].config', 'spec.actions[].config']),
        discriminator: z.object({ key: z.enum(['event', 'action']), value: z.string() }),
        displayName: z.string(),
        description: z.string(),
        schema: JsonSchema.nullable().describe('JSON Schema of `config`; null when there is no config'),
      }),
    ),
  })
  .meta({ id: 'GitOpsKind' });

interface GitOpsDeps {
  automations: AutomationStore;
  validator: AutomationValidator;
  notifier: Notifier;
  clock: Clock;
  registry: Registry<ActionDescription>;
}

/** Returns the routes for automations that are managed from Git. */
export function gitOpsRoutes(deps: GitOpsDeps): Route[] {
  return [applyRoute(deps), kindsRoute(deps.registry)];
}

function applyRoute({ automations, validator, notifier, clock }: GitOpsDeps): Route {
  return writeRoute({
    method: 'post',
    path: '/gitops/apply',
    permission: 'automation.manage',
    operationId: 'gitops.apply',
    tag: TAG,
    summary: 'Create and update the automations of a source from its documents, in one transaction',
    description:
      'Documents `{apiVersion: fermata/v1, kind: Automation, metadata: {name, title?, description?, labels?}, spec}`, ' +
      'separated by `---`. The automations are managed from Git: other edits and deletes are refused. They can be enabled, ' +
      'disabled and run manually, and an apply does not change their status. A source belongs to the token that applied it first, ' +
      'until that token is revoked or expires: other tokens are refused, except those with the permission admin.',
    query: ApplyQuery,
    bodyFormat: 'raw',
    costly: true,
    documentedBody: GitOpsDocument,
    bodyTypes: ['application/yaml'],
    responses: {
      200: { description: 'Result for each document', schema: ApplyAnswer },
      409: { description: 'The source belongs to another token' },
    },
    async handler({ query, raw, request, tx, principal, afterCommit }) {
      const { source, commit = null, prune = false, dryRun = false, allowEmpty = false } = query;
      const text = textOf(raw, request.headers['content-type']);
      const read = await validator.readGitOps(text, await knownReferences(tx));
      if (read.errors.length > 0) throw refusalOfFindings(read.errors);
      assertStorableBody(read.automations);
      if (prune && read.automations.length === 0 && !allowEmpty) {
        const message = `The body contains no documents, so all automations of the source "${source}" would be deleted. Set allowEmpty=true to delete them.`;
        throw new FermataError('validation_failed', message);
      }
      await assertOwnSource(tx, source, principal, clock);
      const wanted = { automations: read.automations, source, commit, prune, dryRun, principal };
      const results = await applyDocuments({ tx, automations }, wanted);
      if (dryRun || prune) await releaseSource(tx, source);
      if (!dryRun && results.some(({ action }) => action !== 'unchanged')) {
        afterCommit(() => {
          notifier.definitions();
          notifier.starts();
        });
      }
      return json(200, { results, warnings: read.warnings });
    },
  });
}

/**
 * Checks that the caller may apply a source.
 * @throws {FermataError} `foreign_source` when the source belongs to another token and the caller is not an admin
 */
async function assertOwnSource(tx: Executor, source: string, principal: Principal, clock: Clock): Promise<void> {
  const claimant = { tokenId: principal.tokenId, tokenName: principal.actor.name ?? principal.tokenId };
  const owner = await claimSource(tx, source, claimant, clock.now());
  if (owner.tokenId === principal.tokenId || principal.permissions.has('admin')) return;
  throw new FermataError(
    'foreign_source',
    `The source "${source}" belongs to the token "${owner.tokenName}". Use that token, another source, or an admin token.`,
  );
}

function textOf(raw: Buffer, contentType: string | undefined): string {
  const type = mediaTypeOf(contentType);
  if (raw.length > 0 && !isYamlType(type) && !isJsonType(type)) {
    const given = type === '' ? 'is missing' : `"${type}" is not accepted`;
    throw new FermataError('unsupported_media_type', `Content-Type ${given}; send application/yaml.`);
  }
  return decodeUtf8(raw);
}

/**
 * Returns the route for the schemas of documents. The response is created only once, because it does not change while
 * the process runs.
 */
function kindsRoute(registry: Registry<ActionDescription>): Route {
  const items = lazily(() => [automationKind(registry)]);
  return readRoute({
    method: 'get',
    path: '/gitops/kinds',
    permission: 'automation.read',
    operationId: 'gitops.kinds',
    tag: TAG,
    summary: 'Get the JSON Schema of documents, with one variant for each trigger and action',
    responses: { 200: { description: 'The kinds', schema: z.object({ items: z.array(KindAnswer) }) } },
    handler: () => Promise.resolve(json(200, { items: items() })),
  });
}

function automationKind(registry: Registry<ActionDescription>): z.input<typeof KindAnswer> {
  const { $defs, ...spec } = automationJsonSchema(registry) as { $defs: Record<string, Record<string, unknown>> };
  const { Automation = {}, ...parts } = $defs;
  // In a GitOps document, the name is part of the metadata.
  const required = (Automation['required'] as string[]).filter((key) => key !== 'name');
  const wrapper = toJsonSchema(GitOpsDocument);
  const triggers = [...registry.triggers()].map(([value, { displayName, description, configSchema }]) => ({
    path: 'spec.triggers[].config' as const,
    discriminator: { key: 'event' as const, value },
    ...{ displayName, description },
    schema: configSchema === undefined ? null : toJsonSchema(configSchema),
  }));
  const actions = [...registry.actions()].map(([value, { displayName, description, configSchema }]) => ({
    path: 'spec.actions[].config' as const,
    discriminator: { key: 'action' as const, value },
    ...{ displayName, description },
    schema: toJsonSchema(configSchema),
  }));
  return {
    apiVersion: 'fermata/v1',
    kind: 'Automation',
    description: 'An automation; `spec` is the document without its name, which is in `metadata`.',
    schema: {
      ...wrapper,
      properties: { ...(wrapper['properties'] as object), spec },
      $defs: { ...parts, Automation: { ...Automation, required } },
    },
    variants: [...triggers, ...actions],
  };
}

function toJsonSchema(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
}
