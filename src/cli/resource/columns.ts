import { z } from 'zod';
import { toneOf } from '../print/paint';
import type { Cell } from '../print/table';
import { instantText } from '../print/time-text';
import { resultText } from '../print/timeline';

/** A resource in an answer. Commands read the fields that they show and ignore all others. */
export const Row = z.record(z.string(), z.unknown());
export type Row = z.infer<typeof Row>;

/** A column of a list: its title and the cell of a row. */
export interface Column {
  title: string;
  cell(row: Row): Cell;
}

/** Returns a column with a field as text; `-` when it is absent. */
export const text = (title: string, field: string): Column => ({ title, cell: (row) => valueText(row[field]) });

/** Returns a column with an instant in UTC, to the second. */
export const time = (title: string, field: string): Column => ({
  title: `${title} (UTC)`,
  cell: (row) => instantText(typeof row[field] === 'string' ? row[field] : null),
});

/** Returns a column with a status in its colour. */
export const status = (title: string, field: string): Column => ({
  title,
  cell: (row) => ({ text: valueText(row[field]), tone: toneOf(String(row[field])) }),
});

const Actor = z.strictObject({ type: z.string(), id: z.string(), name: z.string().optional() });

/** Returns a value of the API as one piece of text: lists joined by commas, `yes` and `no`, actors by name, objects by their fields. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map((each) => valueText(each)).join(', ');
  const actor = Actor.safeParse(value).data;
  if (actor !== undefined) return `${actor.type} ${actor.name ?? actor.id}`;
  return typeof value === 'object' ? resultText(value) || '-' : JSON.stringify(value);
}
