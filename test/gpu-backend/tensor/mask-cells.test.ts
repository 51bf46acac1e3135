import { expect, test } from "vitest";
import { maskCells } from "../../../gpu-backend/tensor/mask-cells.ts";

function mask(painted: (x: number, y: number) => boolean) {
  const data = Uint8Array.from({ length: 64 * 32 }, (_, i) => (painted(i % 64, Math.floor(i / 64)) ? 255 : 0));
  return maskCells({ data, width: 64, height: 32 }, 2, 4);
}

test("a cell that is to be painted is 1, rows from the top", () => {
  expect(mask((x, y) => x >= 48 && y < 16)).toBe("00010000");
  expect(mask(() => true)).toBe("11111111");
  expect(mask(() => false)).toBe("00000000");
});

test("a cell that is touched is 1, and one beside a blurred edge is not", () => {
  expect(mask((x, y) => x >= 15 && x < 33 && y >= 31)).toBe("00000100");
  expect(mask((x, y) => x < 6 && y === 20)).toBe("00001000");
  expect(mask((x, y) => x < 5 && y === 20)).toBe("00000000");
});
