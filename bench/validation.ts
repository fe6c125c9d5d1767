import { validateDefinition, validateYaml } from '../src/domain/definition/validate';
import { toYaml } from '../src/domain/definition/yaml';
import { createRegistry } from '../src/domain/registry/registry';
import type { Action } from '../src/integrations/contract';
import { createEgress } from '../src/edges/egress/egress';
import { createPlugins } from '../src/integrations/plugins';

const ACTIONS = 500;
const ROUNDS = 15;
const TARGET_MS = 50;

/**
 * Returns a document with fifty branches. Each has ten actions: a `choose` and its nine steps. `salt` makes every
 * expression different, so that caches of parsed expressions have no effect.
 */
function documentOf(salt: number): Record<string, unknown> {
  const step = (n: number): unknown => ({
    id: `step_${n}`,
    action: 'incident.create',
    config: {
      title: `{{ trigger.payload.systemName | default("system ${salt}-${n}") }} is unhealthy`,
      severity: 'critical',
      systemIds: ['{{ trigger.payload.systemId }}'],
    },
    enabled: `trigger.payload.totalChecks > ${n} && trigger.payload.newStatus != "${salt}"`,
  });
  const branch = (n: number): unknown => ({
    choose: [
      {
        when: {
          and: [`health.system.status == "s${salt}-${n}"`, { numeric_state: { value: `variables.v${n}`, above: n } }],
        },
        sequence: Array.from({ length: 9 }, (_, index) => step(n * 10 + index)),
      },
    ],
  });
  return {
    name: `Document ${salt}`,
    variables: Object.fromEntries(Array.from({ length: ACTIONS / 10 }, (_, n) => [`v${n}`, n])),
    triggers: [{ event: 'healthcheck.system_degraded' }],
    actions: Array.from({ length: ACTIONS / 10 }, (_, n) => branch(n)),
  };
}

/** Returns the duration of each call in milliseconds, in ascending order. Warm-up calls are not included. */
function times(call: (round: number) => unknown): number[] {
  const measured: number[] = [];
  for (let round = -5; round < ROUNDS; round += 1) {
    const started = performance.now();
    call(round);
    if (round >= 0) measured.push(performance.now() - started);
  }
  return measured.sort((a, b) => a - b);
}

function main(): void {
  const registry = createRegistry<Action>(createPlugins({ egress: createEgress({ allow: [] }) }));
  const { errors } = validateDefinition(documentOf(0), { registry });
  if (errors.length > 0) throw new Error(`The document should be valid: ${JSON.stringify(errors[0])}`);
  const documents = Array.from({ length: ROUNDS + 5 }, (_, n) => documentOf(n + 1));
  const texts = documents.map((document) => toYaml({ ...document, description: 'text' }));
  const rows = [
    ['data', times((round) => validateDefinition(documents[round + 5], { registry }))] as const,
    ['the same again', times((round) => validateDefinition(documents[round + 5], { registry }))] as const,
    ['YAML text', times((round) => validateYaml(texts[round + 5] ?? '', { registry }))] as const,
  ];
  console.log(
    `Validation of a document with ${ACTIONS} actions (${Math.round((texts[0]?.length ?? 0) / 1000)} kB of YAML)`,
  );
  const ms = (value: number | undefined) => `${(value ?? NaN).toFixed(1).padStart(6)} ms`;
  for (const [what, measured] of rows) {
    const p50 = measured[Math.floor(measured.length / 2)] ?? NaN;
    console.log(`  ${what.padEnd(16)} least ${ms(measured[0])}   p50 ${ms(p50)}   most ${ms(measured.at(-1))}`);
    if (what === 'data' && p50 > TARGET_MS) process.exitCode = 1;
  }
}

main();
