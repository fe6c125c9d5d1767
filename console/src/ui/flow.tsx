import { ArrowDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { flowOf, type FlowStep } from '../lib/flow';
import { Status } from './status';

/**
 * Number of events that did not start a run, by evaluation outcome. `since` is the date of the first of them, if it may be
 * more than 24 hours ago.
 */
export type Refused = Readonly<Record<string, { count: number; since?: string }>>;

/** How many of the counted runs reached a step, and in how many of them it failed, by path in the definition. */
export type PlaceCounts = ReadonlyMap<string, { reached: number; failed: number }>;

/** Returns the counts of a step as text. Returns an empty string if there are no counts. */
export function countsText(counts: PlaceCounts | undefined, path: string): string {
  if (counts === undefined) return '';
  const { reached, failed } = counts.get(path) ?? { reached: 0, failed: 0 };
  return `${reached.toLocaleString('en-US')} ×${failed === 0 ? '' : `, ${failed.toLocaleString('en-US')} failed`}`;
}

/** Numbers of runs that ended in the last 24 hours, and that are open now. */
export interface RunNumbers {
  ended: number;
  open: number;
}

/** Returns run counts as text, e.g. `3 runs ended, 1 open`. Open runs are left out if there are none. */
export function runsText(runs: RunNumbers | undefined): string {
  if (runs === undefined) return '';
  const { ended, open } = runs;
  return `${ended} ${ended === 1 ? 'run' : 'runs'} ended${open === 0 ? '' : `, ${open} open`}`;
}

interface FlowProps {
  definition: unknown;
  runs?: RunNumbers | undefined;
  /** Numbers of events that did not start a run. */
  refused?: Refused;
  /** How many runs reached each step, by path. */
  counts?: PlaceCounts | undefined;
  /** Statuses to show at the steps, by path. */
  outcomes?: ReadonlyMap<string, string>;
  onChoose?(path: string): void;
}

/** Shows triggers, gates and steps from top to bottom, with branches side by side. */
export function Flow({ definition, runs, refused = {}, counts, outcomes = new Map(), onChoose }: FlowProps) {
  const { triggers, conditions, steps, onFailure } = flowOf(definition);
  const place = { outcomes, onChoose };
  return (
    <div className="flow">
      <div className="flow-row">
        {triggers.map(({ path, id, event, gates }) => (
          <Node key={path} path={path} kind="trigger" title={id} detail={id === event ? '' : event} {...place}>
            {gates.map((gate) => (
              <code key={gate} className="gate">
                {gate}
              </code>
            ))}
          </Node>
        ))}
        {triggers.length === 0 && <p className="faint">Only started manually.</p>}
      </div>
      <Edge label={refusedText(refused, 'gates')} />
      {conditions.length > 0 && (
        <>
          <div className="flow-row">
            {conditions.map(({ path, text }) => (
              <Node key={path} path={path} kind="condition" title="" detail="" {...place}>
                <code className="gate">{text}</code>
              </Node>
            ))}
          </div>
          <Edge label={refusedText(refused, 'conditions')} />
        </>
      )}
      <Edge label={runsText(runs)} />
      <Sequence steps={steps} counts={counts} {...place} />
      {onFailure.length > 0 && (
        <div className="flow-branch">
          <div className="flow-name">on failure</div>
          <Sequence steps={onFailure} counts={counts} {...place} />
        </div>
      )}
    </div>
  );
}

const isCondition = (outcome: string) => outcome.startsWith('condition');

/**
 * Returns how many events the conditions, or the gates before them, refused, e.g. `4 × filter` or
 * `5,320 × filter since Nov 11`.
 */
export function refusedText(refused: Refused, by: 'gates' | 'conditions'): string {
  return Object.entries(refused)
    .filter(([outcome]) => isCondition(outcome) === (by === 'conditions'))
    .map(([outcome, { count, since }]) => {
      const text = `${count.toLocaleString('en-US')} × ${outcome.replaceAll('_', ' ')}`;
      return since === undefined ? text : `${text} since ${since}`;
    })
    .join(', ');
}

function Edge({ label }: { label: string }) {
  return label === '' ? null : (
    <div className="flow-edge">
      <ArrowDown size={12} aria-hidden /> {label}
    </div>
  );
}

interface Place {
  counts?: PlaceCounts | undefined;
  outcomes: ReadonlyMap<string, string>;
  onChoose?: ((path: string) => void) | undefined;
}

function Sequence({ steps, ...place }: { steps: readonly FlowStep[] } & Place) {
  return (
    <ol className="flow-steps">
      {steps.map((step) => (
        <li key={step.path}>
          <Node {...step} {...place} />
          {step.branches.length > 0 && (
            <div className="flow-branches">
              {step.branches.map(({ name, steps: inner }, index) => (
                <div key={index} className="flow-branch">
                  {name !== '' && <div className="flow-name">{name}</div>}
                  <Sequence steps={inner} {...place} />
                </div>
              ))}
            </div>
          )}
        </li>
      ))}
    </ol>
  );
}

interface NodeProps extends Place {
  path: string;
  kind: string;
  title: string;
  detail: string;
  children?: ReactNode;
}

function Node({ path, kind, title, detail, children, counts, outcomes, onChoose }: NodeProps) {
  const outcome = outcomes.get(path);
  const counted = countsText(counts, path);
  const body = (
    <>
      <span className="flow-kind">{kind.replaceAll('_', ' ')}</span>
      {title !== '' && title !== kind.replaceAll('_', ' ') && <span className="flow-title">{title}</span>}
      {detail !== '' && <span className="flow-detail">{detail}</span>}
      {children}
      {outcome !== undefined && <Status value={outcome} />}
      {counted !== '' && <span className="flow-count num">{counted}</span>}
    </>
  );
  const name = `flow-node ${outcome ?? ''}`;
  if (onChoose === undefined) return <div className={name}>{body}</div>;
  return (
    <button type="button" className={name} title={path} onClick={() => onChoose(path)}>
      {body}
    </button>
  );
}
