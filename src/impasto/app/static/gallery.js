const find = (name) => element.querySelector(name);
const cards = find(".cards"), opened = find(".opened"), lead = find(".lead");
const COLOURS = ["var(--accent)", "#c2682a", "#2f8f6b", "#a04a8c", "#8a7a2c", "#5a6b7a"];
let open = [], asked = false;

function make(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text != null) node.textContent = text;
  return node;
}

function image(address, text) {
  const picture = make("img");
  picture.loading = "lazy";
  picture.alt = text;
  picture.src = address;
  return picture;
}

function curve(group) {
  const [width, height, left, bottom] = [420, 200, 46, 22];
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", group.title);
  const all = group.lines.flatMap((line) => line.points);
  let [x0, x1] = [Math.min(...all.map((p) => p[0])), Math.max(...all.map((p) => p[0]))];
  let [y0, y1] = [Math.min(...all.map((p) => p[1])), Math.max(...all.map((p) => p[1]))];
  if (x0 === x1) x1 = x0 + 1;
  if (y0 === y1) { y0 -= 0.5; y1 += 0.5; }
  const x = (v) => left + ((v - x0) / (x1 - x0)) * (width - left - 8);
  const y = (v) => height - bottom - ((v - y0) / (y1 - y0)) * (height - bottom - 8);
  const put = (tag, attributes, text) => {
    const node = document.createElementNS(space, tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text != null) node.textContent = text;
    svg.append(node);
  };
  for (const share of [0, 0.5, 1]) {
    const value = y0 + share * (y1 - y0);
    put("line", { x1: left, x2: width - 8, y1: y(value), y2: y(value), class: "rule" });
    put("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, Number(value.toPrecision(3)));
  }
  put("text", { x: left, y: height - 4 }, `${Number(x0.toPrecision(4))}`);
  put("text", { x: width - 8, y: height - 4, "text-anchor": "end" }, `${Number(x1.toPrecision(4))} kimg`);
  group.lines.forEach((line, i) => {
    const points = line.points.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`);
    if (points.length === 1) put("circle", { cx: points[0].split(",")[0], cy: points[0].split(",")[1], r: 3.5, style: `fill:${COLOURS[i % 6]}` });
    else put("polyline", { points: points.join(" "), class: "line", style: `stroke:${COLOURS[i % 6]}` });
  });
  const figure = make("figure", "curve");
  figure.append(make("figcaption", "", group.title), svg);
  if (group.lines.length > 1) {
    const legend = make("p", "legend");
    group.lines.forEach((line, i) => { const key = make("span", "", line.name); key.style.setProperty("--key", COLOURS[i % 6]); legend.append(key); });
    figure.append(legend);
  }
  return figure;
}

function table(figures) {
  const made = make("table");
  const head = make("tr");
  head.append(...["Figure", "Value", "Interval"].map((text) => make("th", "", text)));
  made.append(head);
  for (const each of figures) {
    const row = make("tr");
    const better = each.better ? ` (${each.better} is better)` : "";
    row.append(make("td", "", each.name + better), make("td", "number", each.value), make("td", "number", each.interval || ""));
    made.append(row);
    for (const control of each.controls) {
      const line = make("tr", "control");
      line.append(make("td", "", control.name), make("td", "number", control.value), make("td"));
      made.append(line);
    }
  }
  return made;
}

function full(run) {
  const article = make("article", "run");
  const top = make("header");
  const close = make("button", "button plain", "Close");
  close.type = "button";
  close.addEventListener("click", () => look(open.filter((name) => name !== run.name)));
  top.append(make("h3", "", run.title), make("p", run.live ? "live" : "quiet", run.line), close);
  if (run.report) {
    const link = make("a", "button", "Its report");
    link.href = run.report;
    link.target = "_blank";
    link.rel = "noopener";
    top.append(link);
  }
  article.append(top);
  if (run.sheets.length) {
    const last = run.sheets.length - 1;
    const sheet = make("figure", "sheet");
    const picture = image(run.sheets[last].picture, `Samples after ${run.sheets[last].name}`);
    const caption = make("figcaption", "quiet", `Samples after ${run.sheets[last].name}`);
    sheet.append(picture, caption);
    if (last > 0) {
      const time = make("input");
      Object.assign(time, { type: "range", min: 0, max: last, value: last, ariaLabel: "Earlier and later samples" });
      time.addEventListener("input", () => {
        const chosen = run.sheets[Number(time.value)];
        picture.src = chosen.picture;
        caption.textContent = picture.alt = `Samples after ${chosen.name}`;
      });
      sheet.append(time);
    }
    article.append(sheet);
  }
  if (run.figures.length) article.append(make("h3", "", "Figures, with controls below each"), table(run.figures));
  if (run.curves.length) {
    const curves = make("div", "curves");
    curves.append(...run.curves.map(curve));
    article.append(make("h3", "", "Curves"), curves);
  }
  for (const text of run.notices) article.append(make("p", "notice", text));
  return article;
}

function render() {
  const value = props.value || {};
  if (!value.runs) return;
  lead.textContent = value.runs.length
    ? "Choose one to see it in full, or two to see them side by side."
    : "Nothing was trained yet. What you train is shown here, while it learns and after.";
  const held = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.run : null;
  cards.replaceChildren(...value.runs.map((run) => {
    const card = make("button", "card");
    card.type = "button";
    card.dataset.run = run.name;
    card.setAttribute("aria-pressed", String(open.includes(run.name)));
    const picture = make("span", "picture");
    if (run.picture) picture.style.backgroundImage = `url("${run.picture}")`;
    card.append(picture, make("span", "name", run.title), make("span", run.live ? "live" : "quiet", run.line));
    return card;
  }));
  if (held) { const again = cards.querySelector(`[data-run="${CSS.escape(held)}"]`); if (again) again.focus(); }
  opened.classList.toggle("two", value.open.length === 2);
  opened.replaceChildren(...value.open.map(full));
}

function look(names) {
  open = names;
  asked = true;
  trigger("look", { open });
}

cards.addEventListener("click", (event) => {
  const card = event.target.closest("[data-run]");
  if (!card) return;
  const name = card.dataset.run;
  look(open.includes(name) ? open.filter((each) => each !== name) : [...open, name].slice(-2));
});

// Runs are read only while somebody looks at this tab, and again while one of them is in progress.
setInterval(() => {
  const shown = element.offsetParent !== null && !document.hidden;
  if (shown && (!asked || ((props.value || {}).runs || []).some((run) => run.live))) look(open);
  if (!shown) asked = false;
}, 1500);
watch("value", render);
render();
