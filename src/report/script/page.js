// What the script of a report adds; without it the page shows everything. Bundled after uPlot by
// tools/bundle_report.py. No request leaves the page.
(function () {
  "use strict";
  const d = document;
  const make = (name, text, attributes) => {
    const e = d.createElement(name);
    if (text) e.textContent = text;
    for (const key in attributes || {}) e.setAttribute(key, attributes[key]);
    return e;
  };
  const button = (text, label, act) => {
    const b = make("button", text, { type: "button", "aria-label": label });
    b.addEventListener("click", act);
    return b;
  };
  const live = make("div", "", { role: "status", class: "tip-live" });
  const tip = make("div", "", { class: "tip", "aria-hidden": "true" });
  tip.hidden = true;
  d.querySelector("main").append(live);
  d.body.append(tip);

  function showTip(text, x, y) {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const room = d.documentElement.clientWidth;
    tip.style.left = Math.max(4, Math.min(x + 12, room - box.width - 8)) + window.scrollX + "px";
    tip.style.top = Math.max(4, y - box.height - 10) + window.scrollY + "px";
  }
  const hideTip = () => { tip.hidden = true; };

  const number = (v) => {
    const a = Math.abs(v);
    if (a !== 0 && (a >= 1e5 || a < 1e-3)) return v.toExponential(2).replace("-", "\u2212");
    const digits = a >= 100 ? 0 : a >= 10 ? 1 : a >= 1 ? 2 : 3;
    return v.toFixed(digits).replace("-", "\u2212");
  };

  // --- saving a figure or its numbers
  function save(name, type, text) {
    const a = make("a", "", { download: name });
    a.href = URL.createObjectURL(new Blob([text], { type: type }));
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 1000);
  }
  const drawn = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin",
    "stroke-linecap", "opacity", "paint-order", "font-size", "font-weight", "font-family",
    "text-anchor"];
  function svgText(svg) {
    const copy = svg.cloneNode(true);
    const from = svg.querySelectorAll("*");
    copy.querySelectorAll("*").forEach((e, i) => {
      const style = getComputedStyle(from[i]);
      if (e.namespaceURI === "http://www.w3.org/2000/svg" && e.tagName !== "title")
        e.setAttribute("style", drawn.map((p) => p + ":" + style.getPropertyValue(p)).join(";"));
    });
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("style", "background:" + getComputedStyle(d.body).backgroundColor);
    copy.removeAttribute("class");
    copy.querySelectorAll(".cursor").forEach((e) => e.remove());
    return new XMLSerializer().serializeToString(copy);
  }
  function csvText(table) {
    const quote = (t) => (/[",\n]/.test(t) ? '"' + t.replace(/"/g, '""') + '"' : t);
    return [...table.rows].map((r) =>
      [...r.cells].map((c) => quote(c.textContent.trim().replace(/\s+/g, " "))).join(",")
    ).join("\r\n") + "\r\n";
  }

  // --- line charts: the values under the pointer, and a chart to zoom into
  const ns = "http://www.w3.org/2000/svg";
  function nearest(xs, x) {
    let best = 0;
    for (let i = 1; i < xs.length; i++)
      if (Math.abs(xs[i] - x) < Math.abs(xs[best] - x)) best = i;
    return best;
  }
  function valuesAt(data, x) {
    const lines = data.s.map((s) => {
      const i = nearest(s.x, x);
      if (s.y[i] === null) return s.n + ": none";
      const band = s.lo && s.lo[i] !== null && s.hi[i] !== null
        ? " [" + number(s.lo[i]) + ", " + number(s.hi[i]) + "]" : "";
      return s.n + ": " + number(s.y[i]) + band;
    });
    return data.x + " " + number(x) + "\n" + lines.join("\n");
  }
  function addCursor(svg, data) {
    const [lo, hi, from, to, top, bottom] = svg.dataset.scale.split(" ").map(Number);
    const line = d.createElementNS(ns, "path");
    line.setAttribute("class", "cursor");
    svg.append(line);
    const grid = [...new Set(data.s.flatMap((s) => s.x))].sort((a, b) => a - b);
    let at = -1;
    function put(index, speak) {
      at = Math.max(0, Math.min(grid.length - 1, index));
      const x = from + ((grid[at] - lo) / (hi - lo)) * (to - from);
      line.setAttribute("d", "M" + x + " " + top + "V" + bottom);
      const box = svg.getBoundingClientRect();
      const scale = box.width / svg.viewBox.baseVal.width;
      const text = valuesAt(data, grid[at]);
      showTip(text, box.left + x * scale, box.top + top * scale + 40);
      if (speak) live.textContent = text;
    }
    function leave() { line.setAttribute("d", ""); hideTip(); }
    svg.addEventListener("pointermove", (e) => {
      const box = svg.getBoundingClientRect();
      const px = ((e.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
      if (px < from - 8 || px > to + 8) return leave();
      put(nearest(grid, lo + ((px - from) / (to - from)) * (hi - lo)), false);
    });
    svg.addEventListener("pointerleave", leave);
    svg.addEventListener("blur", leave);
    svg.addEventListener("keydown", (e) => {
      const step = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
      if (e.key === "Escape") leave();
      if (!step) return;
      e.preventDefault();
      put(at < 0 ? 0 : at + step, true);
    });
    svg.tabIndex = 0;
  }
  function zoomChart(place, data, colours) {
    const grid = [...new Set(data.s.flatMap((s) => s.x))].sort((a, b) => a - b);
    const columns = [grid];
    const series = [{ label: data.x, value: (u, v) => (v == null ? "\u2013" : number(v)) }];
    const css = getComputedStyle(d.documentElement);
    const soft = css.getPropertyValue("--soft");
    const axis = { stroke: soft, grid: { stroke: css.getPropertyValue("--rule"), width: 1 } };
    data.s.forEach((s) => {
      const known = new Map(s.x.map((x, i) => [x, s.y[i]]));
      columns.push(grid.map((x) => (known.has(x) ? known.get(x) : undefined)));
      series.push({
        label: s.n, stroke: colours[s.c], width: 2, spanGaps: true,
        paths: s.t ? uPlot.paths.stepped({ align: 1 }) : undefined,
        dash: s.d === 1 ? [8, 5] : s.d === 2 ? [2, 4] : undefined,
        value: (u, v) => (v == null ? "\u2013" : number(v)),
      });
    });
    return new uPlot({
      width: place.clientWidth, height: 340, series: series,
      scales: { x: { time: false } },
      axes: [Object.assign({ label: data.x }, axis),
        Object.assign({ label: data.y.length > 40 ? "" : data.y, size: 70 }, axis)],
      cursor: { drag: { x: true, y: true, uni: 20 } },
    }, columns, place);
  }

  // --- marks that carry a title: bars, points, boxes
  function addMarks(svg) {
    const marks = [...svg.querySelectorAll("title")].filter((t) => t.parentNode !== svg)
      .map((t) => { const e = t.parentNode; e.dataset.tip = t.textContent; t.remove(); return e; });
    if (!marks.length) return;
    let at = -1;
    const show = (e, speak) => {
      const box = e.getBoundingClientRect();
      showTip(e.dataset.tip, box.left + box.width / 2, box.top);
      if (speak) live.textContent = e.dataset.tip;
    };
    svg.addEventListener("pointerover", (e) => {
      const mark = e.target.closest("[data-tip]");
      if (mark) show(mark, false); else if (!svg.dataset.scale) hideTip();
    });
    svg.addEventListener("pointerleave", hideTip);
    if (svg.dataset.scale) return;
    svg.addEventListener("blur", hideTip);
    svg.addEventListener("keydown", (e) => {
      const step = e.key === "ArrowDown" || e.key === "ArrowRight" ? 1
        : e.key === "ArrowUp" || e.key === "ArrowLeft" ? -1 : 0;
      if (e.key === "Escape") hideTip();
      if (!step) return;
      e.preventDefault();
      at = Math.max(0, Math.min(marks.length - 1, at + step));
      show(marks[at], true);
    });
    svg.tabIndex = 0;
  }

  function addTools(figure) {
    const title = figure.querySelector("h3").textContent;
    const name = figure.id.replace(/^figure-/, "");
    const bar = make("div", "", { class: "tools", role: "group", "aria-label": "Tools of: " + title });
    const details = [...figure.children].find((e) => e.tagName === "DETAILS");
    const table = details && details.querySelector("table");
    const shown = () => [...figure.querySelectorAll("svg")].find((s) => s.getClientRects().length);
    if (details) {
      const toggle = button("Table", "Show as table: " + title, () => {
        details.open = !details.open;
        toggle.setAttribute("aria-expanded", details.open);
      });
      toggle.setAttribute("aria-expanded", details.open);
      bar.append(toggle);
    }
    const holder = figure.querySelector("[data-lines]");
    if (holder) {
      const data = JSON.parse(holder.dataset.lines);
      holder.querySelectorAll("svg").forEach((svg) => addCursor(svg, data));
      const place = make("div", "", { class: "zoom" });
      let chart = null;
      const zoom = button("Zoom", "Zoom into: " + title, () => {
        if (chart) {
          chart.destroy();
          place.remove();
          chart = null;
        } else {
          holder.after(place);
          const css = getComputedStyle(d.documentElement);
          chart = zoomChart(place, data,
            [0, 1, 2, 3, 4, 5, 6].map((k) => css.getPropertyValue("--k" + k)));
          place.querySelector("canvas").setAttribute("role", "img");
          place.querySelector("canvas").setAttribute("aria-label",
            title + ". Drag to zoom, double click to go back. The numbers are in the table.");
        }
        zoom.setAttribute("aria-expanded", chart !== null);
      });
      zoom.setAttribute("aria-expanded", "false");
      bar.append(zoom);
    }
    bar.append(button("SVG", "Save as SVG: " + title,
      () => save(name + ".svg", "image/svg+xml", svgText(shown()))));
    if (table)
      bar.append(button("CSV", "Save the numbers as CSV: " + title,
        () => save(name + ".csv", "text/csv", csvText(table))));
    figure.querySelector("h3").after(bar);
    figure.querySelectorAll("svg").forEach((svg) => {
      // The browser's own hint would lie over ours: title and description become the label.
      const told = [...svg.children].filter((e) => e.tagName === "title" || e.tagName === "desc");
      svg.setAttribute("aria-label", told.map((e) => e.textContent).join(". "));
      svg.removeAttribute("aria-labelledby");
      told.forEach((e) => e.remove());
      addMarks(svg);
    });
  }
  d.querySelectorAll("figure[id]").forEach(addTools);

  // --- tables that can be put in order
  const key = (cell) => {
    if (cell.dataset.v !== undefined) return parseFloat(cell.dataset.v);
    const text = cell.textContent.trim();
    const value = parseFloat(text.replace(/\u2212/g, "-").replace(/[\u202f\u00a0 ](?=\d)/g, ""));
    return cell.classList.contains("n") && !isNaN(value) ? value : text.toLowerCase();
  };
  d.querySelectorAll("table.sortable").forEach((table) => {
    table.querySelectorAll("thead th").forEach((th, column) => {
      const b = button(th.textContent, "Sort by " + th.textContent, () => {
        const down = th.getAttribute("aria-sort") === "ascending";
        table.querySelectorAll("thead th").forEach((o) => o.removeAttribute("aria-sort"));
        th.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        rows.map((r) => [key(r.cells[column]), r]).sort((p, q) => {
          const a = p[0], c = q[0];
          const order = typeof a === typeof c ? (a < c ? -1 : a > c ? 1 : 0)
            : typeof a === "number" ? -1 : 1;
          return down ? -order : order;
        }).forEach((r) => table.tBodies[0].append(r[1]));
      });
      th.textContent = "";
      th.append(b);
    });
  });
})();
