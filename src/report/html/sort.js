"use strict";
// Heads of columns become buttons: up, down, and the order of the file again.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const heads = [...table.tHead.rows[0].cells];
  const bodies = [...table.tBodies].map(body => [body, [...body.rows]]);
  const number = cell => parseFloat(cell.dataset.v ?? cell.textContent);
  const compare = {
    text: column => (a, b) => a.cells[column].textContent.localeCompare(b.cells[column].textContent),
    // Rows without a number stay last.
    number: (column, sign) => (a, b) => {
      const [x, y] = [number(a.cells[column]), number(b.cells[column])];
      return isNaN(x) ? isNaN(y) ? 0 : 1 : isNaN(y) ? -1 : sign * (x - y);
    },
  };
  const sort = (column, order) => {
    const sign = order === "descending" ? -1 : 1;
    for (const [body, rows] of bodies) {
      const sorted = order === "none" ? rows
        : column === 0 ? [...rows].sort((a, b) => sign * compare.text(column)(a, b))
        : [...rows].sort(compare.number(column, sign));
      body.append(...sorted);
    }
    heads.forEach((head, at) => head.setAttribute("aria-sort", at === column ? order : "none"));
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    // Names from a to z first, figures from the best down.
    const orders = column === 0 ? ["ascending", "descending", "none"] : ["descending", "ascending", "none"];
    button.addEventListener("click", () => {
      sort(column, orders[(orders.indexOf(head.getAttribute("aria-sort")) + 1) % 3]);
    });
  });
}
