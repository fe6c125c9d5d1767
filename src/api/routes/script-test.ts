import { z } from 'zod';
import { FermataError } from '../../domain/errors';
import { fillReferences, referencesIn } from '../../domain/secrets/references';
import { createMask } from '../../domain/secrets/mask-values';
import { ProviderFailure } from '../../integrations/provider-failure';
import { runScript } from '../../integrations/script/run-script';
import type { ScriptPolicy } from '../../integrations/script/sandbox';
import { json, readRoute, type Route } from '../http/route';

const Env = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string());
const Document = z.record(z.string(), z.unknown());

const Body = z.strictObject({
  kind: z.enum(['run_shell', 'run_script']),
  script: z.string().min(1).max(262_144),
  context: z
    .object({ trigger: z.unknown(), artifacts: Document, var: Document, repeat: z.unknown(), automation: z.unknown() })
    .partial()
    .default({})
    .describe('What the script sees of a run; GET /runs/{id}/scope gives one'),
  env: Env.default({}),
  secretEnv: Env.default({}),
  secretOverrides: z
    .record(z.string(), z.string())
    .default({})
    .describe('Values of secrets by name, hidden in the answer'),
  timeoutMs: z.int().min(1_000).max(300_000).default(30_000),
});

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

/** Trying a script out, without a run and without secrets. */
export function scriptTestRoutes({ scripts }: { scripts: ScriptPolicy }): Route[] {
  return [
    readRoute({
      method: 'post',
      path: '/scripts/test',
      permission: 'automation.manage',
      operationId: 'scripts.test',
      tag: 'Scripts',
      summary:
        'Run a script on a given context; one that fails is a result. Secrets are placeholders unless overridden',
      body: Body,
      responses: { 200: { description: 'What came of it', schema: Answer } },
      async handler({ body }) {
        const { kind, script, context, env, secretEnv, secretOverrides, timeoutMs } = body;
        const filled = Object.entries(secretEnv).map(([name, text]) => {
          const standIn = (secret: string) => secretOverrides[secret] ?? `__SECRET_${secret}__`;
          return [name, referencesIn(text).length === 0 ? standIn(name) : fillReferences(text, standIn)];
        });
        const { trigger = null, artifacts = {}, var: variables = {}, repeat = null, automation = null } = context;
        const mask = createMask(Object.values(secretOverrides));
        try {
          const { error, ...ended } = await runScript(scripts, {
            ...{
              kind,
              script,
              timeoutMs,
              network: false,
              packages: [],
              mask,
              signal: AbortSignal.timeout(timeoutMs + 10_000),
            },
            scope: { trigger, artifacts, variables, repeat, automation },
            env: { ...env, ...(Object.fromEntries(filled) as Record<string, string>) },
          });
          return json(200, mask({ ok: error === undefined, ...ended, ...(error !== undefined && { error }) }));
        } catch (error) {
          if (!(error instanceof ProviderFailure)) throw error;
          throw new FermataError(error.code, mask(error.message));
        }
      },
    }),
  ];
}
