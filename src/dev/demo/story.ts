import type { Artifact, RunDetail, Step } from '../../cli/client/answers';
import { paint, plain, toneOf, type Tone } from '../../cli/print/paint';
import { cut } from '../../cli/print/table';
import { durationText, elapsedMs, offsetText } from '../../cli/print/time-text';
import { errorText, outcomeText } from '../../cli/print/timeline';
import type { PostedAlert } from './scenario';

/** A line of the story: time, subject, event. */
interface Line {
  at: number;
  who: string;
  what: string;
  tone?: Tone | undefined;
  /** Position among lines with the same timestamp, which puts causes before their effects. */
  order: number;
}

interface StoryOptions {
  colours: boolean;
  /** Width of the terminal in columns. If undefined, lines may have any length. */
  width: number | undefined;
}

const WHO_WIDTH = 10;
const OFFSET_WIDTH = 9;
const INDENT = '  ';

/** Returns the events after one post as text, ordered by time. Times are relative to the post. */
export function renderAct(act: PostedAlert, options: StoryOptions): string {
  const posted = act.postedAt.getTime();
  const lines = [
    ...alertLines(act),
    ...changeLines(act),
    ...act.runs.flatMap((detail) => runLines(detail)),
    ...receiverLines(act),
  ];
  // Leave out what happened before this post. The text about the earlier post describes it.
  const inTime = lines.filter(({ at }) => at >= posted).sort((a, b) => a.at - b.at || a.order - b.order);
  return [
    paint(act.title, 'strong', options.colours),
    ...inTime.map((line) => lineText(line, posted, options)),
    ...(act.failure === undefined ? [] : [paint(`${INDENT}✗ ${act.failure}`, 'bad', options.colours)]),
  ].join('\n');
}

function lineText({ at, who, what, tone }: Line, posted: number, { colours, width }: StoryOptions): string {
  const offset = offsetText(at - posted).padStart(OFFSET_WIDTH);
  const before = `${INDENT}${offset}  ${who.padEnd(WHO_WIDTH)}  `;
  const room = width === undefined ? Infinity : Math.max(30, width - before.length);
  const head = `${INDENT}${paint(offset, 'quiet', colours)}  ${paint(who.padEnd(WHO_WIDTH), tone, colours)}  `;
  return head + cut(plain(what), room);
}

function alertLines({ alerts, postedAt, answeredAt, changeIds }: PostedAlert): Line[] {
  const names = alerts.map(({ name, severity }) => `${name} (${severity})`).join(', ');
  const systems = [...new Set(alerts.map(({ system }) => system))].join(', ');
  const changes = `${changeIds.length} ${changeIds.length === 1 ? 'change' : 'changes'}`;
  return [
    {
      at: postedAt.getTime(),
      order: 0,
      who: 'alert',
      what: `Alertmanager posts ${names} of ${systems}`,
      tone: 'strong',
    },
    { at: answeredAt.getTime(), order: 1, who: 'api', what: `202: committed to the change log, ${changes}` },
  ];
}

/** Returns a line for each status transition, at the time when the API answered. */
function changeLines({ transitions, answeredAt }: PostedAlert): Line[] {
  return transitions.map(({ systemId, transition: { field, from, to } }) => ({
    ...{ at: answeredAt.getTime(), order: 1.5, who: 'state' },
    what: `${field} of ${systemId}: ${from == null ? 'none yet' : String(from)} → ${String(to)}`,
    tone: toneOf(String(to)),
  }));
}

function runLines({ run, steps, artifacts }: RunDetail): Line[] {
  const startedAt = timeOf(run.startedAt);
  if (startedAt === undefined) return [];
  const began: Line = {
    ...{ at: startedAt, order: 2, who: 'run', tone: 'busy' },
    what: `"${run.automationName}" by ${run.customType ?? run.triggerEvent ?? run.triggerId ?? 'hand'}, about ${run.contextKey ?? 'everything'}`,
  };
  const took = elapsedMs(run.startedAt, run.finishedAt);
  const ended = timeOf(run.finishedAt);
  const end: Line[] =
    ended === undefined
      ? []
      : [
          {
            ...{ at: ended, order: 5, who: 'run', tone: toneOf(run.status) },
            what: `"${run.automationName}" ${run.status}${took === undefined ? '' : ` after ${durationText(took)}`}`,
          },
        ];
  return [began, ...steps.flatMap((step) => stepLine(step, artifacts)), ...end];
}

function stepLine(step: Step, artifacts: readonly Artifact[]): Line[] {
  // These steps only contain other steps, which have their own lines.
  if ((step.kind === 'choose' || step.kind === 'sequence') && step.error == null) return [];
  // Finished steps are placed at their end, unfinished steps at their start.
  const at = timeOf(step.finishedAt) ?? timeOf(step.startedAt);
  if (at === undefined) return [];
  const what = step.action ?? step.kind;
  const label = step.actionId == null ? what : `${what} · ${step.actionId}`;
  const outcome = step.error == null ? outcomeText(step, artifacts) : errorText(step.error);
  const status = step.status === 'success' ? '' : ` ${step.status}`;
  return [
    {
      ...{ at, order: 4, who: '  step', tone: toneOf(step.status) },
      what: `${label}${status}${outcome === '' ? '' : `: ${outcome}`}`,
    },
  ];
}

function receiverLines({ received }: PostedAlert): Line[] {
  return received.map(({ at, method, path, body }) => ({
    ...{ at: at.getTime(), order: 3, who: 'receiver', tone: 'good' as const },
    what: `${method} ${path} ${body}`,
  }));
}

function timeOf(iso: string | null | undefined): number | undefined {
  return iso == null ? undefined : Date.parse(iso);
}
