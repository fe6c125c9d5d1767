import { z } from 'zod';
import { toneOf } from '../print/paint';
import type { Cell } from '../print/table';
import { instantText } from '../print/time-text';
import { resultText } from '../print/timeline';

/** A resource in a response. Commands read the fields that they show and ignore all others. */
export const Row = z.record(z.string(), z.unknown());
export type Row = z.infer<typeof Row>;

/** A column of a list: its title, and a function that returns the cell for a row. */
export interface Column {
  title: string;
  cell(row: Row): Cell;
}

/** Returns a column that shows a field as text, or `-` if the field is absent. */
export const text = (title: string, field: string): Column => ({ title, cell: (row) => valueText(row[field]) });

/** Returns a column that shows an instant in UTC, to the second. */
export const time = (title: string, field: string): Column => ({
  title: `${title} (UTC)`,
  cell: (row) => instantText(typeof row[field] === 'string' ? row[field] : null),
});

/** Returns a column that shows a status in its colour. */
export const status = (title: string, field: string): Column => ({
  title,
  cell: (row) => ({ text: valueText(row[field]), tone: toneOf(String(row[field])) }),
});

const Actor = z.strictObject({ type: z.string(), id: z.string(), name: z.string().optional() });

/**
 * Returns a value from the API as text. Lists are joined by commas, booleans become `yes` or `no`, actors are shown by
 * type and name, and other objects by their fields.
 */
export function valueText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map((each) => valueText(each)).join(', ');
  const actor = Actor.safeParse(value).data;
  if (actor !== undefined) return `${actor.type} ${actor.name ?? actor.id}`;
  return typeof value === 'object' ? resultText(value) || '-' : JSON.stringify(value);
}
