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
  const { value, condition, actual, wanted, reason } = trace;
  const shows = Object.hasOwn(trace, 'actual') || Object.hasOwn(trace, 'wanted');
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

/** Shows the actual value next to the expected one. */
export function FoundWanted({ found, wanted }: { found: unknown; wanted: unknown }) {
  return (
    <span className="found">
      actual <code>{valueText(found)}</code>, expected <code>{valueText(wanted)}</code>
    </span>
  );
}

/** Returns a value in one line. A comparison such as `{"==": "a"}` becomes `== "a"`. */
function valueText(value: unknown): string {
  if (isRecord(value)) {
    const [[operator, operand] = [], ...more] = Object.entries(value);
    if (operator !== undefined && more.length === 0 && /^(==|!=|<=?|>=?|in)$/.test(operator))
      return `${operator} ${JSON.stringify(operand)}`;
  }
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
