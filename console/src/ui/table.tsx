import type { ReactNode } from 'react';
import { Empty } from './page';

/** One column: its heading, and what it shows of a row. */
export interface Column<Row> {
  name: string;
  cell(row: Row): ReactNode;
  /** Whole text on hover, for cells that may be cut off. */
  title?(row: Row): string;
  /** Keeps the heading for screen readers only. */
  hidden?: boolean;
  wrap?: boolean;
}

interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey(row: Row): string;
  /** What to say, and to do, when there is nothing. */
  empty: ReactNode;
}

/** A table that scrolls sideways inside its own frame. */
export function Table<Row>({ label, columns, rows, rowKey, empty }: TableProps<Row>) {
  if (rows.length === 0) {
    return (
      <div className="panel">
        <Empty>{empty}</Empty>
      </div>
    );
  }
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map(({ name, hidden }) => (
              <th key={name} scope="col">
                {hidden === true ? <span className="sr">{name}</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ name, cell, title, wrap }) => (
                <td key={name} className={wrap === true ? 'wrap' : undefined} title={title?.(row)}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
