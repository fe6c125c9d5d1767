import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from './client';
import { isOver, Run, RunDetail, Step } from './client/answers';
import { ApiProblem, ApiUnreachable } from './client/problem';
import type { ServerSentEvent } from './client/server-sent-events';
import type { Output } from './print/output';
import { paint, plain, toneOf } from './print/paint';
import { instantText } from './print/time-text';
import { runEnd, runHead, stepLines } from './print/timeline';

const RECONNECT_MS = 1_000;
/** Time in milliseconds for which a lost connection is retried before the command fails. */
const GIVE_UP_MS = 60_000;

interface FollowOptions {
  json?: true;
}

/** Prints the steps of a run as they happen, until the run ends. Sets exit code 1 unless the run succeeded. */
export async function followRun(client: ApiClient, id: string, output: Output, { json }: FollowOptions): Promise<void> {
  const path = `/runs/${encodeURIComponent(id)}`;
  let { run } = await client.get(path, RunDetail);
  if (!json) for (const line of runHead(run, output)) output.line(line);
  const printed = new Map<string, string>();
  const onStep = (step: Step): void => {
    const news = JSON.stringify([step.status, step.attempts, step.error]);
    if (printed.get(step.path) === news) return;
    printed.set(step.path, news);
    for (const line of stepLines(step, run, output)) output.line(line);
  };
  const onEvent = ({ name, data }: ServerSentEvent): boolean => {
    if (json) output.line(data);
    if (name === 'run') run = Run.parse(JSON.parse(data));
    else if (name === 'step' && !json) onStep(Step.parse(JSON.parse(data)));
    return name !== 'run' || !isOver(run.status);
  };
  // If the stream ends without reporting the end of the run, the stream was interrupted, or the run had already ended
  // when the stream began.
  const onEnd = async (): Promise<boolean> => {
    ({ run } = await client.get(path, RunDetail));
    return !isOver(run.status);
  };
  await follow(client, `${path}/stream`, onEvent, onEnd);
  if (!json) output.line(`\n${runEnd(run, output)}`);
  if (run.status !== 'success') process.exitCode = 1;
}

/** Prints a line for each change of a run's status, until Ctrl-C. */
export async function followAllRuns(client: ApiClient, output: Output, { json }: FollowOptions): Promise<void> {
  if (!json) output.line(paint('waiting for runs; Ctrl-C ends', 'quiet', output.colours));
  await follow(client, '/stream', ({ name, data }) => {
    if (name !== 'run') return true;
    if (json) output.line(data);
    else printRun(Run.parse(JSON.parse(data)), output);
    return true;
  });
}

function printRun(run: Run, output: Output): void {
  const at = instantText(run.finishedAt ?? run.startedAt ?? new Date().toISOString());
  const status = paint(run.status.padEnd(9), toneOf(run.status), output.colours);
  const about = run.contextKey == null ? '' : `  ${plain(run.contextKey)}`;
  output.line(`${at}  ${status}  ${run.id}  ${plain(run.automationName)}${about}`);
}

/**
 * Reads a stream until `onEvent` returns false. When the stream ends, resumes it unless `onEnd` returns false. When the
 * connection is lost or the API fails, retries for `GIVE_UP_MS`, and then rejects.
 */
async function follow(
  client: ApiClient,
  path: string,
  onEvent: (event: ServerSentEvent) => boolean,
  onEnd: () => Promise<boolean> = async () => true,
): Promise<void> {
  let lastEventId: string | undefined;
  let lostAt: number | undefined;
  for (;;) {
    try {
      for await (const event of client.stream(path, lastEventId)) {
        lostAt = undefined;
        lastEventId = event.id ?? lastEventId;
        if (!onEvent(event)) return;
      }
      if (!(await onEnd())) return;
    } catch (error) {
      const lost = error instanceof ApiUnreachable || (error instanceof TypeError && error.message === 'terminated');
      const overloaded = error instanceof ApiProblem && (error.status ?? 0) >= 500;
      if (!lost && !overloaded) throw error;
      lostAt ??= Date.now();
      if (Date.now() - lostAt > GIVE_UP_MS) throw error;
    }
    await sleep(RECONNECT_MS);
  }
}
