import type { Command } from 'commander';
import { z } from 'zod';
import { Part, Step } from './client/answers';
import { connect } from './client/connect';
import { findAutomation } from './client/find-automation';
import { readJsonArgument } from './json-argument';
import { createOutput, JSON_OPTION, type Output } from './print/output';
import { paint, plain, toneOf } from './print/paint';
import { errorText, stepLines } from './print/timeline';
import { decidingText } from './print/why-text';
import { examples } from './resource/list';

const Answer = z.looseObject({
  outcome: z.string(),
  gates: z.array(
    z.looseObject({
      gate: z.string(),
      passed: z.boolean().nullable(),
      detail: z.string().optional(),
      deciding: Part.optional(),
    }),
  ),
  steps: z.array(z.looseObject({ path: z.string() })),
  end: z.looseObject({ status: z.string(), error: z.record(z.string(), z.unknown()).nullable() }).nullable(),
});
type Answer = z.infer<typeof Answer>;

interface Options {
  payload?: string;
  trigger?: string;
  contextKey?: string;
  now?: string;
  mocks?: string;
  definition?: string;
  json?: true;
}

/** Configures `fermata dry-run`. */
export function configure(command: Command): void {
  command
    .argument('<automation>', 'name or id')
    .option('-p, --payload <json>', 'trigger.payload: JSON, @FILE, or - for standard input')
    .option(
      '-t, --trigger <id>',
      'trigger to simulate; default: the only trigger of the automation, or none if it has several',
    )
    .option(
      '-k, --context-key <key>',
      'context key of the run; default: the key that the trigger derives from the payload',
    )
    .option('--now <instant>', 'instant to evaluate at, ISO 8601')
    .option('--mocks <json>', 'outputs of actions and waits, by id or path of the step: JSON or @FILE')
    .option('--definition <json>', 'unsaved document to run instead of the current version: JSON or @FILE')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nEvaluates gates and steps and shows the rendered config of each action, without effects.\nExit code 1 unless the run would start and succeed.',
    );
  examples(
    command,
    `fermata dry-run "Alert opens an incident" --trigger unhealthy --payload '{"systemId":"checkout","newStatus":"unhealthy"}'`,
    'fermata triggers sample alert.fired > event.json && fermata dry-run page --payload @event.json --json',
  ).action(async (nameOrId: string, options: Options) => {
    const { payload, trigger, contextKey, now, mocks, definition, json } = options;
    const read = (text: string | undefined, key: string, option: string) =>
      text === undefined ? {} : { [key]: readJsonArgument(text, option) };
    const body = {
      ...read(payload, 'payload', '--payload'),
      ...read(mocks, 'mocks', '--mocks'),
      ...read(definition, 'definition', '--definition'),
      ...(trigger !== undefined && { triggerId: trigger }),
      ...(contextKey !== undefined && { contextKey }),
      ...(now !== undefined && { now }),
    };
    const client = connect();
    const { id, name } = await findAutomation(client, nameOrId);
    const answer = await client.send('POST', `/automations/${id}/dry-run`, Answer, { body: { json: body } });
    const output = createOutput();
    if (json) output.json(answer);
    else print(name, answer, output);
    if (answer.outcome !== 'would_run' || answer.end?.status === 'failed') process.exitCode = 1;
  });
}

function print(name: string, { outcome, gates, steps, end }: Answer, output: Output): void {
  const { colours } = output;
  output.line(
    `${paint(plain(name), 'strong', colours)}  ${paint(outcome, outcome === 'would_run' ? 'good' : 'waiting', colours)}`,
  );
  for (const { gate, passed, deciding, ...rest } of gates) {
    const detail = deciding === undefined ? rest.detail : decidingText(deciding);
    const mark =
      passed === null
        ? paint('·', 'quiet', colours)
        : passed
          ? paint('✓', 'good', colours)
          : paint('✗', 'bad', colours);
    output.line(`  ${mark} ${gate}${detail === undefined ? '' : `  ${paint(plain(detail), 'quiet', colours)}`}`);
  }
  for (const step of steps) {
    const { config, ...rest } = step;
    const shown = Step.parse({ attempts: 1, startedAt: null, ...rest, result: config ?? rest['result'] });
    for (const line of stepLines(shown, { startedAt: null }, output)) output.line(line);
  }
  if (end === null) return;
  const error = end.error === null ? '' : `  ${plain(errorText(end.error))}`;
  output.line(`${paint(end.status, toneOf(end.status), colours)}${error}`);
}
