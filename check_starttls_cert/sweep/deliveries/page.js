"use strict";
(() => {
  const form = document.getElementById("filter");
  const search = form.elements.words;
  const states = [...form.querySelectorAll("[name=state]")];
  const table = document.getElementById("targets");
  const rows = [...table.tBodies[0].rows].map((row) => ({ row, text: row.textContent.toLowerCase() }));

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/);
    const wanted = states.filter((box) => box.checked).map((box) => box.value);
    let shown = 0;
    for (const { row, text } of rows) {
      row.hidden = !wanted.includes(row.className) || !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    form.querySelector("output").value = `${shown} of ${rows.length} shown`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();

  for (const link of document.querySelectorAll("#calendar a")) {
    link.addEventListener("click", () => {
      search.value = link.hash.slice(1);
      filter();
    });
  }

  const headings = [...table.tHead.rows[0].cells];
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.key === undefined ? cell.textContent : Number(cell.dataset.key);
  };
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(heading.firstChild);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort((one, other) => {
        const [a, b] = [key(one.row, column), key(other.row, column)];
        return (typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1) * (down ? -1 : 1);
      });
      table.tBodies[0].append(...rows.map(({ row }) => row));
    });
  });

  const days = Math.floor((Date.now() - new Date(document.getElementById("now").dateTime)) / 86400000);
  if (days > 0) {
    document.getElementById("age").textContent = `, ${days} ${days === 1 ? "day" : "days"} ago`;
  }
})();
