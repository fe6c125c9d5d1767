import { z } from 'zod';
import { cut } from './table';
import { paint, plain } from './paint';
import { wantedText } from './why-text';

interface Condition {
  branch?: number | undefined;
  condition: string;
  value: boolean | 'error';
  reason?: string | undefined;
  actual?: unknown;
  wanted?: unknown;
  parts?: Condition[] | undefined;
}

const Condition: z.ZodType<Condition> = z.lazy(() =>
  z.looseObject({
    branch: z.number().optional(),
    condition: z.string(),
    value: z.union([z.boolean(), z.literal('error')]),
    reason: z.string().optional(),
    actual: z.unknown().optional(),
    wanted: z.unknown().optional(),
    parts: z.array(Condition).optional(),
  }),
);
const Trace = z.looseObject({ enabled: Condition.optional(), conditions: z.array(Condition).optional() });

interface LineOptions {
  colours: boolean;
  width: number | undefined;
}

/**
 * Returns one line for each evaluated condition of a step. The lines for the parts of a condition follow its line and
 * are indented.
 */
export function conditionLines(trace: unknown, indent: string, options: LineOptions): string[] {
  const parsed = Trace.safeParse(trace);
  if (!parsed.success) return [];
  const { enabled, conditions = [] } = parsed.data;
  const asked = enabled === undefined ? [] : [{ ...enabled, condition: `enabled: ${enabled.condition}` }];
  return [...asked, ...conditions].flatMap((condition) => linesOf(condition, indent, options));
}

function linesOf(condition: Condition, indent: string, options: LineOptions): string[] {
  const { colours, width } = options;
  const { branch, value, parts = [] } = condition;
  const mark = value === true ? 'true ' : value === false ? 'false' : 'error';
  const text = `${branch === undefined ? '' : `branch ${branch}: `}${plain(condition.condition)}${found(condition)}`;
  const room = width === undefined ? Infinity : Math.max(20, width - indent.length - mark.length - 2);
  const tone = value === true ? 'good' : value === false ? 'quiet' : 'bad';
  return [
    `${indent}${paint(mark, tone, colours)}  ${paint(cut(text, room), 'quiet', colours)}`,
    ...parts.flatMap((part) => linesOf(part, `${indent}  `, options)),
  ];
}

/**
 * Returns the actual value of a condition. Adds the expected value, unless the condition is a comparison or negation
 * that is true. For a condition that could not be evaluated, returns the reason instead.
 */
function found({ condition, actual, wanted, value, reason }: Condition): string {
  if (value === 'error') return plain(` (${reason ?? ''})`);
  if (actual === undefined && wanted === undefined) return '';
  // The values of a negation are those of its operand.
  const negated = wanted === false ? /^!\s*(.+)$/s.exec(condition)?.[1] : undefined;
  if (negated !== undefined) {
    const want = value === true ? '' : ', wanted false';
    return plain(`: ${negated} is ${JSON.stringify(actual) ?? 'nothing'}${want}`);
  }
  const isComparison = typeof wanted === 'object' && wanted !== null && Object.keys(wanted).length === 1;
  const want = wanted === undefined || (isComparison && value) ? '' : `, wanted ${wantedText(wanted)}`;
  return plain(`  is ${JSON.stringify(actual) ?? 'nothing'}${want}`);
}
