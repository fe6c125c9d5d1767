import type { components } from '../api/schema';
import { isRecord } from '../lib/records';
import { Status } from './status';

/** Lists conditions and their parts, each with the actual and the expected value. */
export function ConditionList({ traces }: { traces: readonly unknown[] }) {
  return (
    <ul className="conditions">
      {traces.filter(isRecord).map((trace, index) => (
        <li key={index}>
          <ConditionText trace={trace} />
          {Array.isArray(trace['parts']) && trace['parts'].length > 0 && <ConditionList traces={trace['parts']} />}
        </li>
      ))}
    </ul>
  );
}

function ConditionText({ trace }: { trace: Record<string, unknown> }) {
  const { value, condition, actual, reason } = trace;
  const shows = Object.hasOwn(trace, 'actual') || Object.hasOwn(trace, 'wanted');
  // An expression without a comparison has no expected value. If it is not true, it should be.
  const wanted = Object.hasOwn(trace, 'wanted') ? trace['wanted'] : value === true ? undefined : true;
  const words = value === true ? 'true' : value === 'error' ? 'error' : 'false';
  return (
    <>
      <Status value={value === true ? 'success' : value === 'error' ? 'failed' : 'refused'} label={words} />
      <code>{String(condition)}</code>
      {shows && <FoundWanted found={actual} wanted={wanted} />}
      {value === 'error' && typeof reason === 'string' && <span className="tone-bad">{reason}</span>}
    </>
  );
}

interface PartValuesProps {
  part: components['schemas']['Part'];
  /** Whether the part was true. */
  held?: boolean;
}

/** A part of a config, filter or condition, with its actual and expected value. */
export function PartValues({ part: { expression, found, wanted }, held = false }: PartValuesProps) {
  return (
    <div className={held ? 'deciding held' : 'deciding'}>
      <code>{expression}</code>
      <FoundWanted found={found} wanted={wanted} />
    </div>
  );
}

/** Shows the actual value, followed by the expected value if there is one. */
function FoundWanted({ found, wanted }: { found: unknown; wanted: unknown }) {
  return (
    <span className="found">
      actual <code>{valueText(found)}</code>
      {wanted !== undefined && (
        <>
          , expected <code>{valueText(wanted)}</code>
        </>
      )}
    </span>
  );
}

/**
 * Returns a value on one line. A comparison such as `{"==": "a"}` becomes `== "a"`, `{"not": "a"}` becomes `not "a"`.
 */
function valueText(value: unknown): string {
  if (isRecord(value)) {
    const [[operator, operand] = [], ...more] = Object.entries(value);
    if (operator !== undefined && more.length === 0 && /^(==|!=|=~|!~|<=?|>=?|in|not)$/.test(operator))
      return `${operator} ${JSON.stringify(operand)}`;
  }
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
