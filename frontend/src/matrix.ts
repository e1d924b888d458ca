import { onEach } from "./dom";

export interface Place {
  row: number;
  column: number;
}

/**
 * The next cell in the direction of an arrow key, or null when there is none.
 * Places without a link are stepped over; Home and End go to the ends of the row.
 */
export function step(filled: readonly (readonly boolean[])[], at: Place, key: string): Place | null {
  const row = filled[at.row] ?? [];
  if (key === "Home" || key === "End") {
    const column = key === "Home" ? row.indexOf(true) : row.lastIndexOf(true);
    return column < 0 ? null : { row: at.row, column };
  }
  const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
  if (!move) return null;
  const [down = 0, right = 0] = move;
  let place = { row: at.row + down, column: at.column + right };
  while (filled[place.row] && place.column >= 0 && place.column < (filled[place.row]?.length ?? 0)) {
    if (filled[place.row]?.[place.column]) return place;
    place = { row: place.row + down, column: place.column + right };
  }
  return null;
}

/** Arrow keys move between the cells of a matrix; one cell at a time is in the tab order. */
export function watchMatrices(): void {
  onEach("table.ic-matrix", (table) => {
    const rows = [...table.querySelectorAll("tr[data-cells]")];
    const grid = rows.map((row) =>
      [...row.querySelectorAll("td")].map((td) => td.querySelector<HTMLElement>("a.ic-cell")),
    );
    const filled = grid.map((row) => row.map((cell) => cell !== null));
    const cells = grid.flat().filter((cell) => cell !== null);
    const first = cells.find((cell) => cell.getAttribute("aria-current")) ?? cells[0];
    for (const cell of cells) cell.tabIndex = cell === first ? 0 : -1;
    table.addEventListener("keydown", (event) => {
      const current = document.activeElement as HTMLElement;
      const row = grid.findIndex((line) => line.includes(current));
      if (row < 0) return;
      const at = { row, column: grid[row]?.indexOf(current) ?? -1 };
      const place = step(filled, at, event.key);
      const next = place && grid[place.row]?.[place.column];
      if (!next) return;
      event.preventDefault();
      current.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
    table.addEventListener("focusin", (event) => {
      const cell = event.target as HTMLElement;
      if (!cells.includes(cell)) return;
      for (const other of cells) other.tabIndex = other === cell ? 0 : -1;
    });
  });
}
