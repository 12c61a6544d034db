// Shows where a number comes from, out of the ledger that stands in this page.
(() => {
  "use strict";

  const ledger = JSON.parse(document.getElementById("ledger").textContent);
  const numbers = ledger.numbers || {};
  const reported = ledger.reported || {};
  const cells = ledger.given || {};
  const computations = ledger.computations || {};

  const COLUMNS = {
    value: "Value", ci_low: "Lower confidence bound", ci_high: "Upper confidence bound",
    ci_level: "Confidence level", range_low: "Lower end of the range",
    range_high: "Upper end of the range", p_value: "P value",
  };
  const ORIGINS = { review: "one of the reviews", primary: "the study's own publication or record" };
  const EXTRACTIONS = {
    single: "by one person", double: "by two people independently",
    adjudicated: "by two people, differences settled",
  };
  const HOVER = 180;
  const LEAVE = 260;
  const MANY = 60;

  // The ledger: an id of a quantity is <result_id>#<column>, given:<file>:<line>:<column> or <computation>#<path>.

  function split(id) {
    const at = cells[id] ? -1 : id.lastIndexOf("#");
    return at < 0 ? [id, ""] : [id.slice(0, at), id.slice(at + 1)];
  }

  function value(id) {
    const [head, path] = split(id);
    if (cells[id]) return cells[id].value;
    if (reported[head]) return (reported[head].values || {})[path];
    let found = (computations[head] || {}).result;
    for (const part of path.split(".").filter(Boolean)) {
      found = found === null || found === undefined ? undefined : found[part];
    }
    return found;
  }

  function inputs(id) {
    return Object.entries((computations[split(id)[0]] || {}).inputs || {}).map(([name, given]) => [name, [].concat(given)]);
  }

  // What a quantity rests on, down to what is printed or given.
  function roots(id, seen = new Set(), found = new Set()) {
    const head = split(id)[0];
    if (cells[id] || reported[head]) found.add(id);
    else if (!seen.has(head)) {
      seen.add(head);
      for (const [, ids] of inputs(id)) ids.forEach((each) => roots(each, seen, found));
    }
    return found;
  }

  function text(found) {
    if (typeof found === "number") {
      const short = Number.isInteger(found) ? String(found) : String(Number(found.toPrecision(6)));
      return short.replace(/-/g, "\u2212");
    }
    return found === null || found === undefined ? "" : typeof found === "object" ? JSON.stringify(found) : String(found);
  }

  const last = (name) => String(name || "").split(".").pop();
  const words = (name) => last(name).replace(/_/g, " ");

  function label(id) {
    const [head, path] = split(id);
    if (cells[id]) return `${cells[id].study || `line ${cells[id].line}`}, ${cells[id].column}`;
    if (reported[head]) return `${reported[head].study || head}, ${(COLUMNS[path] || path).toLowerCase()}`;
    return `${words((computations[head] || {}).function)}${path ? `: ${path.replace(/[._]/g, " ")}` : ""}`;
  }

  // Elements

  function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [key, given] of Object.entries(properties)) {
      if (key.startsWith("on")) element.addEventListener(key.slice(2), given);
      else if (given !== undefined && given !== null) element.setAttribute(key, given);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  }

  function definitions(rows) {
    const list = make("dl");
    for (const [term, ...content] of rows) {
      const kept = content.filter((part) => part !== null && part !== undefined && part !== "");
      if (kept.length) list.append(make("dt", {}, term), make("dd", {}, ...kept));
    }
    return list;
  }

  function link(source) {
    const citation = source.citation || source.key || "";
    const address = source.address || (source.doi ? `https://doi.org/${source.doi}` : "");
    if (!/^https?:\/\//.test(address)) return citation;
    return make("a", { href: address, rel: "noopener noreferrer", target: "_blank" }, citation);
  }

  function where(row) {
    if (!row.file) return "";
    const [first, final] = row.lines || [];
    const lines = first === final ? `line ${first}` : `lines ${first} to ${final}`;
    return first ? `${row.file}, ${lines}` : row.file;
  }

  // The other numbers of the same row.
  function company(given, path) {
    const level = given.ci_level === undefined ? "" : `${text(given.ci_level)}% `;
    const parts = [
      path === "value" || given.value === undefined ? "" : `value ${text(given.value)}`,
      given.ci_low === undefined ? "" : `${level}CI ${text(given.ci_low)} to ${text(given.ci_high)}`,
      given.range_low === undefined ? "" : `range ${text(given.range_low)} to ${text(given.range_high)}`,
      given.p_value === undefined || path === "p_value" ? "" : `P ${text(given.p_value)}`,
    ].filter(Boolean);
    return parts.length ? [parts.join("; ")] : [];
  }

  function aboutReported(id) {
    const [head, path] = split(id);
    const row = reported[head];
    const operator = row.value_operator && row.value_operator !== "=" ? `${row.value_operator} ` : "";
    const printed = (row.printed || []).flatMap((token, index) => [index ? ", " : "", make("code", {}, token)]);
    return definitions([
      ["Study", row.study],
      [COLUMNS[path] || path, `${path === "value" ? operator : ""}${text(value(id))}`, row.unit ? ` ${row.unit}` : ""],
      ["With", ...company(row.values || {}, path)],
      ["Printed as", ...printed],
      ["Place", row.locator],
      ["Source", link(row.source || {})],
      ["Accessed", (row.source || {}).accessed],
      ["File", where(row)],
      ["Reported in", ORIGINS[row.origin] || row.origin],
      ["Extracted", EXTRACTIONS[row.extraction] || row.extraction],
      ["Note", row.note],
    ]);
  }

  function aboutGiven(id) {
    const cell = cells[id];
    return definitions([
      ["Study", cell.study],
      ["Value", text(cell.value)],
      ["Written as", make("code", {}, cell.token)],
      ["File", cell.name],
      ["Line", String(cell.line)],
      ["Column", cell.column],
      ["SHA-256", make("code", {}, cell.sha256)],
    ]);
  }

  // How many numbers of how many studies were printed in documents, and how many in files.
  function restsOn(id) {
    const base = [...roots(id)];
    const kinds = [
      ["printed", base.filter((root) => !cells[root]), (root) => reported[split(root)[0]].study],
      ["given", base.filter((root) => cells[root]), (root) => `${cells[root].name} ${cells[root].line}`],
    ];
    return kinds.filter(([, ids]) => ids.length).map(([word, ids, study]) => {
      const studies = new Set(ids.map(study)).size;
      return `${ids.length} ${word} ${ids.length === 1 ? "number" : "numbers"} of ${studies} ${studies === 1 ? "study" : "studies"}`;
    }).join("; ");
  }

  function inputList(ids) {
    const items = ids.slice(0, MANY).map((id) => make("li", {},
      make("button", { type: "button", onclick: () => walk(id) }, make("b", {}, text(value(id)) || "…"), make("span", {}, label(id)))));
    if (ids.length > MANY) items.push(make("li", {}, make("span", {}, `and ${ids.length - MANY} more in the ledger`)));
    return make("ul", {}, ...items);
  }

  function aboutComputed(id) {
    const [head, path] = split(id);
    const computation = computations[head];
    const options = Object.entries(computation.options || {});
    return definitions([
      ["Function", make("code", {}, computation.function || "")],
      ["Result", path ? make("code", {}, path) : ""],
      ["Unrounded", text(value(id))],
      ...options.map(([name, given]) => [words(name), text(given)]),
      ...inputs(id).map(([name, ids]) => [`From ${words(name)}`, inputList(ids)]),
      ["Rests on", restsOn(id)],
    ]);
  }

  // The dialog: a look while the pointer or focus rests on a number, and open after click or Enter.

  const box = make("div", { class: "origin", role: "dialog", "aria-labelledby": "origin-title", tabindex: "-1", hidden: "" });
  const live = make("div", { class: "visually-hidden", "aria-live": "polite" });
  document.body.append(box, live);
  let anchor = null;
  let pinned = false;
  let trail = [];
  let timer = 0;

  function render() {
    const id = trail[trail.length - 1];
    const shown = numbers[anchor.dataset.n] || {};
    const [head] = split(id);
    const known = cells[id] ? "Given" : reported[head] ? "Reported" : computations[head] ? "Computed" : "Unknown";
    const about = { Given: aboutGiven, Reported: aboutReported, Computed: aboutComputed }[known];
    const steps = trail.slice(0, -1).map((step, index) => make("span", {},
      make("button", { type: "button", onclick: () => walk(step, index) }, index ? text(value(step)) || label(step) : anchor.textContent.trim()), "\u203a\u00a0"));
    const title = trail.length > 1 ? text(value(id)) : shown.text || anchor.textContent.trim();
    box.replaceChildren(
      make("header", {},
        make("h2", { id: "origin-title" }, title || "\u2026", make("small", {}, label(id))),
        make("span", { class: "kind" }, known),
        make("button", { type: "button", class: "close", "aria-label": "Close", onclick: close }, "\u00d7")),
      steps.length ? make("nav", { class: "trail", "aria-label": "Way from the number" }, ...steps) : "",
      about ? about(id) : make("p", {}, "The ledger of this page does not know this number."),
      make("footer", {}, make("code", {}, id), make("button", { type: "button", onclick: copy }, "Copy id")));
    box.scrollTop = 0;
  }

  function place() {
    const at = anchor.getBoundingClientRect();
    const size = box.getBoundingClientRect();
    const gap = 8;
    const below = at.bottom + gap + size.height <= innerHeight || at.top < size.height + gap;
    const left = Math.max(gap, Math.min(at.left, document.documentElement.clientWidth - size.width - gap));
    box.style.left = `${left + scrollX}px`;
    box.style.top = `${(below ? at.bottom + gap : at.top - gap - size.height) + scrollY}px`;
  }

  function show(element, hold) {
    clearTimeout(timer);
    if (anchor && anchor !== element) anchor.removeAttribute("aria-expanded");
    if (anchor !== element || box.hidden) {
      anchor = element;
      trail = [(numbers[element.dataset.n] || {}).of || element.dataset.n];
      render();
    }
    pinned = hold;
    anchor.setAttribute("aria-expanded", "true");
    box.hidden = false;
    place();
    if (hold) box.focus({ preventScroll: true });
    else live.textContent = `${box.querySelector(".kind").textContent}: ${label(trail[0])}. Press Enter for its origin.`;
  }

  function walk(id, at) {
    trail = at === undefined ? [...trail, id] : trail.slice(0, at + 1);
    pinned = true;
    render();
    place();
    box.focus({ preventScroll: true });
  }

  function close() {
    clearTimeout(timer);
    if (!anchor) return;
    const back = box.contains(document.activeElement) ? anchor : null;
    anchor.removeAttribute("aria-expanded");
    anchor = null;
    pinned = false;
    box.hidden = true;
    live.textContent = "";
    if (back) { returning = true; back.focus({ preventScroll: true }); returning = false; }
  }
  let returning = false;

  function copy(event) {
    const button = event.currentTarget;
    const id = trail[trail.length - 1];
    const done = () => { button.textContent = "Copied"; live.textContent = "Id copied"; };
    const byHand = () => {
      const field = make("textarea", { class: "visually-hidden" });
      field.value = id;
      box.append(field);
      field.select();
      if (document.execCommand("copy")) done();
      field.remove();
      button.focus();
    };
    if (navigator.clipboard) navigator.clipboard.writeText(id).then(done, byHand);
    else byHand();
  }

  // Events

  const number = (event) => (event.target.closest ? event.target.closest(".n[data-n]") : null);

  function later(action, delay) {
    clearTimeout(timer);
    timer = setTimeout(action, delay);
  }

  document.addEventListener("mouseover", (event) => {
    if (pinned) return;
    const element = number(event);
    if (element) later(() => show(element, false), HOVER);
    else if (box.contains(event.target)) clearTimeout(timer);
    else if (anchor && document.activeElement !== anchor) later(close, LEAVE);
    else if (!anchor) clearTimeout(timer);
  });
  document.addEventListener("focusin", (event) => {
    const element = number(event);
    if (element && !returning && element.matches(":focus-visible")) show(element, false);
    else if (!element && !pinned && !box.contains(event.target)) close();
  });
  document.addEventListener("click", (event) => {
    const element = number(event);
    if (element) {
      if (pinned && anchor === element) close();
      else show(element, true);
    } else if (!box.contains(event.target) && event.target.isConnected) close();
  });
  document.addEventListener("keydown", (event) => {
    const element = number(event);
    if (event.key === "Escape") close();
    else if (element && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      show(element, true);
    } else if (event.key === "Tab" && pinned && box.contains(document.activeElement)) stay(event);
  });

  // Tab goes round inside the open dialog; Escape leaves it.
  function stay(event) {
    const stops = [...box.querySelectorAll("a[href], button")];
    const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
    if (document.activeElement === edge || (event.shiftKey && document.activeElement === box)) {
      event.preventDefault();
      (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
    }
  }

  // Tables that fit the page leave scrolling, and their header, to the page.

  function fit() {
    for (const table of document.querySelectorAll(".table")) {
      table.classList.remove("fits");
      const scroll = table.querySelector(".scroll");
      const fits = scroll.scrollWidth <= scroll.clientWidth + 1;
      table.classList.toggle("fits", fits);
      if (fits) scroll.removeAttribute("tabindex");
      else scroll.setAttribute("tabindex", "0");
    }
    if (anchor) place();
  }
  addEventListener("resize", fit);
  fit();

  for (const element of document.querySelectorAll(".n")) element.setAttribute("aria-haspopup", "dialog");
  document.getElementById("hint").hidden = false;

  const dataset = ledger.dataset || {};
  const parts = [
    dataset.version ? `Dataset ${dataset.version}` : "",
    dataset.sha256 ? `SHA-256 ${dataset.sha256}` : "",
    ...Object.entries(ledger.files || {}).map(([name, file]) => `${name} SHA-256 ${file.sha256}`),
    ...Object.entries(ledger.software || {}).map(([name, version]) => `${name} ${version}`),
  ].filter(Boolean);
  const colophon = document.getElementById("colophon");
  colophon.textContent = parts.join(" \u00b7 ");
  colophon.hidden = !parts.length;
})();
