/** Less of a cell is the blur of an edge that runs beside it. */
const touchedShareMin = 0.02;

/** The pixels of a mask: 255 where the picture is to be painted. */
export interface MaskPixels {
  /** Length width × height. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * A mask as the cells of a latent, rows from the top, a character each: 1 where more than 2 % of the cell is to be
 * painted, so that no cell which is touched keeps what was there. Cells divide the mask evenly.
 */
export function maskCells({ data, width, height }: MaskPixels, rows: number, columns: number): string {
  const sums = new Float64Array(rows * columns);
  const cellWidth = width / columns;
  const cellHeight = height / rows;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const cell = Math.floor(y / cellHeight) * columns + Math.floor(x / cellWidth);
      sums[cell] = (sums[cell] ?? 0) + (data[y * width + x] ?? 0);
    }
  }
  const touchedSum = touchedShareMin * 255 * cellWidth * cellHeight;
  return Array.from(sums, (sum) => (sum > touchedSum ? "1" : "0")).join("");
}
