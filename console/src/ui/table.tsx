import type { ReactNode } from 'react';
import { Empty } from './page';

/** One column of a table: its heading, and what it shows for a row. */
export interface Column<Row> {
  name: string;
  cell(row: Row): ReactNode;
  /** Returns the full text for the tooltip of a cell that may be cut off. */
  title?(row: Row): string;
  /** Hides the heading visually, but not from screen readers. */
  hidden?: boolean;
  wrap?: boolean;
  /** Aligns the column to the right, so that numbers can be compared. */
  numeric?: boolean;
}

interface TableProps<Row> {
  label: string;
  /** Class of a table whose style sheet gives its columns fixed widths. */
  className?: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey(row: Row): string;
  /** Shown instead of rows when there are none. */
  empty: ReactNode;
}

/** A table that scrolls horizontally inside its own frame. */
export function Table<Row>({ label, className, columns, rows, rowKey, empty }: TableProps<Row>) {
  if (rows.length === 0) {
    return (
      <div className="panel">
        <Empty>{empty}</Empty>
      </div>
    );
  }
  return (
    <div
      className={className === undefined ? 'table-wrap' : `table-wrap ${className}`}
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      <table>
        <thead>
          <tr>
            {columns.map(({ name, hidden, numeric }) => (
              <th key={name} scope="col" className={numeric === true ? 'end' : undefined}>
                {hidden === true ? <span className="sr">{name}</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ name, cell, title, wrap, numeric }) => (
                <td
                  key={name}
                  className={wrap === true ? 'wrap' : numeric === true ? 'end' : undefined}
                  title={title?.(row)}
                >
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
