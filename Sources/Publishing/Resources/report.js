// Filters, sorts and folds a report that is complete without it, and moves the focus through the grid by arrow keys.
"use strict";
(() => {
    const element = (name, properties = {}, ...children) => {
        const made = Object.assign(document.createElement(name), properties);
        made.append(...children);
        return made;
    };
    const trouble = ["broken", "flaky", "harness"];

    const grid = document.querySelector("table.grid");
    const controls = document.getElementById("controls");
    if (grid && controls) {
        const body = grid.tBodies[0];
        // Each row with its group, in the order of the manifest.
        let group = null;
        const rows = [];
        for (const row of body.rows) {
            if (row.classList.contains("group")) { group = row; continue; }
            const cells = [...row.querySelectorAll("td[data-state]")];
            const words = `${group ? group.textContent : ""} ${row.textContent} ${cells.map(cell => cell.dataset.layout).join(" ")}`;
            rows.push({ row, group, cells, words: words.toLowerCase(), place: rows.length });
        }
        const worst = entry => Math.min(...entry.cells.map(cell => (trouble.indexOf(cell.dataset.state) + 10) % 10), 9);
        const name = entry => `${entry.group ? entry.group.textContent : ""} ${entry.row.cells[0].textContent}`;
        const orders = {
            manifest: (one, other) => one.place - other.place,
            trouble: (one, other) => worst(one) - worst(other) || one.place - other.place,
            name: (one, other) => name(one).localeCompare(name(other)) || one.place - other.place,
        };

        const filter = element("input", { type: "search", id: "filter", autocomplete: "off" });
        const state = element("select", { id: "state" }, new Option("any state", ""), new Option("not as expected", "trouble"));
        for (const value of new Set(rows.flatMap(entry => entry.cells.map(cell => cell.dataset.state)))) {
            state.append(new Option(value === "expected" ? "as expected" : value, value));
        }
        const order = element("select", { id: "order" }, new Option("as planned", "manifest"), new Option("trouble first", "trouble"),
            new Option("by name", "name"));
        const told = element("span", { id: "told" });
        told.setAttribute("role", "status");

        const update = () => {
            const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
            const wanted = cell => !state.value || (state.value === "trouble" ? trouble.includes(cell.dataset.state) : cell.dataset.state === state.value);
            const sorted = [...rows].sort(orders[order.value]);
            const shown = new Set();
            let previous = null;
            let count = 0;
            body.replaceChildren();
            for (const entry of sorted) {
                const isShown = words.every(word => entry.words.includes(word)) && entry.cells.some(wanted);
                entry.row.toggleAttribute("data-hidden", !isShown);
                for (const cell of entry.cells) cell.toggleAttribute("data-faint", !wanted(cell));
                if (isShown) count += entry.cells.filter(wanted).length;
                // When rows of several groups alternate, a group's heading comes again.
                if (isShown && entry.group && entry.group !== previous) {
                    body.append(shown.has(entry.group) ? entry.group.cloneNode(true) : entry.group);
                    shown.add(entry.group);
                    previous = entry.group;
                }
                body.append(entry.row);
            }
            const all = rows.reduce((sum, entry) => sum + entry.cells.length, 0);
            told.textContent = count === all ? `${all} cells` : `${count} of ${all} cells`;
        };
        for (const control of [filter, state, order]) control.addEventListener("input", update);
        controls.append(element("label", {}, "Filter ", filter), element("label", {}, "Show ", state), element("label", {}, "Order ", order), told);
        controls.hidden = false;
        update();

        // Arrow keys go from cell to cell, as they are shown; "/" goes to the filter.
        const links = () => [...body.rows].filter(row => !row.hasAttribute("data-hidden")).map(row => [...row.cells].map(cell => cell.querySelector("td a")))
            .filter(row => row.some(Boolean));
        const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
        grid.addEventListener("keydown", event => {
            const step = steps[event.key];
            if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
            const all = links();
            let y = all.findIndex(row => row.includes(document.activeElement));
            if (y < 0) return;
            let x = all[y].indexOf(document.activeElement);
            do { y += step[0]; x += step[1]; } while (all[y] && x >= 0 && x < all[y].length && !all[y][x]);
            if (all[y] && all[y][x]) {
                all[y][x].focus();
                event.preventDefault();
            }
        });
        document.addEventListener("keydown", event => {
            if (event.key !== "/" || event.target.closest("input, select, textarea")) return;
            filter.focus();
            event.preventDefault();
        });
    }

    // In a single file, the evidence is folded; a link opens it.
    const folds = [...document.querySelectorAll("details.fold")];
    if (folds.length > 1) {
        const open = () => {
            const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
            const fold = target ? target.closest("details.fold") : null;
            if (!fold) return;
            fold.open = true;
            target.scrollIntoView();
            target.focus({ preventScroll: true });
        };
        for (const fold of folds) fold.open = false;
        addEventListener("hashchange", open);
        addEventListener("beforeprint", () => { for (const fold of folds) fold.open = true; });
        const all = element("button", { type: "button", textContent: "Unfold all" });
        all.addEventListener("click", () => {
            const isFolded = folds.some(fold => !fold.open);
            for (const fold of folds) fold.open = isFolded;
            all.textContent = isFolded ? "Fold all" : "Unfold all";
        });
        document.getElementById("evidence").after(all);
        open();
    }
})();
