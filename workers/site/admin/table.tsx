import type { ComponentChildren } from "preact";

interface TableProps {
  /** Names the table, and the region that scrolls it. */
  readonly label: string;
  readonly columns: readonly string[];
  /** Columns with figures, which stand to the right. */
  readonly figures?: readonly number[];
  readonly rows: readonly { readonly key: string; readonly cells: readonly ComponentChildren[] }[];
  /** Stands in place of rows where there are none. */
  readonly empty: string;
}

/** A table that scrolls by itself where the page is narrow, by the keyboard too. */
export function Table({ label, columns, figures = [], rows, empty }: TableProps) {
  if (rows.length === 0) return <p class="help">{empty}</p>;
  const kindOf = (column: number) => (figures.includes(column) ? "figure" : undefined);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by the keyboard.
    <section class="table-scroll" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th key={column} scope="col" class={kindOf(index)}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((cell, index) => (
                <td key={columns[index]} class={kindOf(index)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
