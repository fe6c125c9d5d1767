import type { Engine } from './engine';

/** Returns the YAML of a step that sends a request to a path of the receiver. */
export const post = (path: string, more = '') =>
  `{ action: integration-webhook.send, config: { url: "$URL/${path}" } ${more} }`;

/** Returns the paths of the requests that the receiver got, without the leading slash and in the order of arrival. */
export const sentTo = (engine: Engine): string[] => engine.receiver.received.map(({ path }) => path.slice(1));

/** Saves an automation with these steps that runs for each event of the given type. Returns its id. */
export const saveSteps = (engine: Engine, type: string, steps: string, more = ''): Promise<string> =>
  engine.save(`
name: ${type}
mode: parallel
triggers: [{ event: automation.event, config: { type: ${type} } }]
actions:
${steps}
${more}
`);

/** Runs these steps once, and waits until the run has ended. */
export async function runSteps(
  engine: Engine,
  type: string,
  steps: string,
  { more, data = {} }: { more?: string | undefined; data?: Record<string, unknown> | undefined } = {},
) {
  const id = await saveSteps(engine, type, steps, more);
  await engine.emit(type, data);
  const [ended] = await engine.ended(1, id, 60_000);
  if (!ended) throw new Error('The run did not end');
  const stepRows = await engine.steps(ended.id);
  const statuses = Object.fromEntries(stepRows.map(({ path, status }) => [path, status]));
  const resultOf = (path: string) => stepRows.find((row) => row.path === path)?.result;
  return { run: ended, statuses, resultOf, steps: stepRows };
}
