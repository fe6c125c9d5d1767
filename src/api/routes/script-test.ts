import { z } from 'zod';
import { FermataError } from '../../domain/errors';
import { fillReferences, referencesIn } from '../../domain/secrets/references';
import { createMask, maskFields } from '../../domain/secrets/mask-values';
import { ProviderFailure } from '../../integrations/provider-failure';
import { PackageList, ScriptEnv } from '../../integrations/script/script-config';
import type { ScriptRequest } from '../../integrations/script/run-script';
import type { ScriptRunner } from '../../integrations/script/script-runner';
import { untilHungUp } from '../http/hang-up';
import { json, readRoute, type Route } from '../http/route';

/**
 * Time in milliseconds that is added to the script's timeout to allow for waiting for a slot and starting the script.
 */
const AROUND_MS = 45_000;

const Document = z.record(z.string(), z.unknown());

const Body = z.strictObject({
  kind: z.enum(['run_shell', 'run_script']),
  script: z.string().min(1).max(262_144),
  context: z
    .object({ trigger: z.unknown(), artifacts: Document, var: Document, repeat: z.unknown(), automation: z.unknown() })
    .partial()
    .default({})
    .describe('Scope of a run for the script; GET /runs/{id}/scope returns one'),
  env: ScriptEnv.default({}),
  secretEnv: ScriptEnv.default({}),
  secretOverrides: z
    .record(z.string(), z.string())
    .default({})
    .describe('Values of secrets by name, masked in the answer'),
  packages: PackageList.default([]).describe('Packages from the allow-list, as `name` or `name@version`'),
  timeoutMs: z.int().min(1_000).max(300_000).default(30_000),
});
type Body = z.infer<typeof Body>;

const Answer = z.object({
  ok: z.boolean(),
  exitCode: z.int().nullable(),
  stdout: z.string(),
  stderr: z.string(),
  durationMs: z.number(),
  timedOut: z.boolean(),
  result: z.unknown().optional(),
  error: z.string().optional(),
});

/** Returns the route that tests a script, without a run and without stored secrets. */
export function scriptTestRoutes({ scripts }: { scripts: ScriptRunner }): Route[] {
  return [
    readRoute({
      method: 'post',
      path: '/scripts/test',
      permission: 'automation.manage',
      audited: true,
      operationId: 'scripts.test',
      tag: 'Scripts',
      summary:
        'Run a script with a given context; 200 even if the script fails. Secrets are placeholders unless `secretOverrides` has their values',
      description:
        'At most 4 scripts run at once in each API process; others wait. The script is killed when the caller closes the connection.',
      body: Body,
      responses: { 200: { description: 'Outcome of the script', schema: Answer } },
      async handler({ body, request }) {
        const mask = createMask(Object.values(body.secretOverrides));
        const hangUp = untilHungUp(request);
        const signal = AbortSignal.any([hangUp.signal, AbortSignal.timeout(body.timeoutMs + AROUND_MS)]);
        try {
          const { error, ...ended } = await scripts.run({ ...requestOf(body), mask, signal });
          const answer = { ok: error === undefined, ...ended, ...(error !== undefined && { error }) };
          return json(200, maskFields(mask, answer, 'all'));
        } catch (error) {
          if (!(error instanceof ProviderFailure)) throw error;
          throw new FermataError(error.code, mask(error.message));
        } finally {
          hangUp.end();
        }
      },
    }),
  ];
}

function requestOf(body: Body): Omit<ScriptRequest, 'mask' | 'signal'> {
  const { kind, script, context, env, secretEnv, secretOverrides, packages, timeoutMs } = body;
  const filled = Object.entries(secretEnv).map(([name, text]): [string, string] => {
    const standIn = (secret: string) => secretOverrides[secret] ?? `__SECRET_${secret}__`;
    return [name, referencesIn(text).length === 0 ? standIn(name) : fillReferences(text, standIn)];
  });
  const { trigger = null, artifacts = {}, var: variables = {}, repeat = null, automation = null } = context;
  return {
    ...{ kind, script, packages, timeoutMs, network: false },
    scope: { trigger, artifacts, variables, repeat, automation },
    env: { ...env, ...Object.fromEntries(filled) },
  };
}
