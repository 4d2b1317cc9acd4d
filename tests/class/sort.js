// A click on a header sorts the rows by its column; another turns the order round.
for (const table of document.querySelectorAll("table.map")) {
    const value = (row, column) => {
        const cell = row.cells[column];
        return cell.dataset.value ?? cell.textContent;
    };
    const compare = (a, b) => a !== "" && b !== "" && !isNaN(a) && !isNaN(b)
        ? a - b : a.localeCompare(b);
    table.tHead.addEventListener("click", (event) => {
        const head = event.target.closest("th[data-column]");
        if (!head) return;
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.tHead.querySelectorAll("th"))
            other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const column = Number(head.dataset.column), body = table.tBodies[0];
        const rows = [...body.rows].sort((a, b) =>
            (up ? 1 : -1) * compare(value(a, column), value(b, column)));
        body.append(...rows);
    });
}
