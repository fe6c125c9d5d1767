import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../api/client';
import type { components } from '../api/schema';
import { durationText } from '../lib/time';
import { isRecord } from '../lib/records';
import { Json } from '../ui/json';
import { Time } from '../ui/time';

type Step = components['schemas']['Step'];

/** Reads the expression scope of a step as it was when the step started, or the current scope of the run. */
export const scopeQuery = (runId: string, path: string | undefined) => ({
  queryKey: ['scope', runId, path],
  queryFn: () => {
    const query = path === undefined ? {} : { actionPath: path };
    return bodyOf(api.GET('/api/v1/runs/{id}/scope', { params: { path: { id: runId }, query } }));
  },
});

/** The configuration of a step after its templates were rendered. */
export function RenderedConfig({ step: { config } }: { step: Step }) {
  if (config == null || Object.keys(config).length === 0) return null;
  return (
    <>
      <h3>Rendered config</h3>
      <Json value={config} />
    </>
  );
}

/**
 * Lists the failed attempts of a step. Shows nothing if the step failed on its only attempt, because the step's error
 * already gives the reason.
 */
export function Attempts({ step: { failedAttempts, attempts, status } }: { step: Step }) {
  if (failedAttempts.length === 0 || (attempts <= 1 && status === 'failed')) return null;
  return (
    <>
      <h3>Failed attempts</h3>
      <ol className="attempts">
        {failedAttempts.map(({ no, at, tookMs, code, message }) => (
          <li key={no}>
            <span className="num">#{no}</span>
            <span>
              <strong>{code}</strong> {message}
              <span className="faint">
                {' '}
                <Time at={at} />
                {tookMs === null ? '' : `, after ${durationText(tookMs)}`}
              </span>
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

/** Lists the variables that a step changed, with their values before and after. */
export function ChangedVariables({ runId, step }: { runId: string; step: Step }) {
  const isSet = step.kind === 'variables' && step.status === 'success' && isRecord(step.result);
  const { data } = useQuery({ ...scopeQuery(runId, step.path), enabled: isSet });
  if (!isSet || !isRecord(step.result) || data === undefined) return null;
  const before = data.scope.variables;
  const changed = Object.entries(step.result)
    .filter(([name, value]) => JSON.stringify(before[name]) !== JSON.stringify(value))
    .sort(([one], [other]) => one.localeCompare(other));
  return (
    <>
      <h3>Changed variables</h3>
      {changed.length === 0 && <p className="faint">All variables kept their values.</p>}
      {changed.map(([name, value]) => (
        <div key={name} className="changed-variable">
          <strong>{name}</strong>
          {Object.hasOwn(before, name) ? <Json value={before[name]} /> : <span className="faint">not set</span>}
          <span aria-label="becomes">→</span>
          <Json value={value} />
        </div>
      ))}
    </>
  );
}
