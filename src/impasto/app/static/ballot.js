const find = (name) => element.querySelector(name);
const ballot = find(".ballot"), status = find(".status"), place = find(".ranking");
const images = [...element.querySelectorAll(".duel img")];
const KEY = "impasto-rater";
let ready = 0, pressed = false;

function make(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text != null) node.textContent = text;
  return node;
}

function rank(found) {
  if (!found) return [];
  const rows = found.ranks.map((each) => {
    const row = make("div", "rank");
    const scale = make("span", "scale");
    const range = make("span", "range");
    range.style.left = `${100 * each.low}%`;
    range.style.width = `${100 * (each.high - each.low)}%`;
    const dot = make("span", "dot");
    dot.style.left = `${100 * each.share}%`;
    scale.append(range, dot);
    const text = `${Math.round(100 * each.share)} % (${Math.round(100 * each.low)} to ${Math.round(100 * each.high)})`;
    row.append(make("span", "name", each.name), scale, make("span", "number", text));
    return row;
  });
  const votes = `${found.votes} votes of ${found.raters} ${found.raters === 1 ? "rater" : "raters"}`;
  return [make("h3", "", "Ranking"), make("p", "quiet", "How often each would be chosen over an average one, and an interval of 95 %."), ...rows,
    ...[votes, found.agreement, found.consistency].filter(Boolean).map((text) => make("p", "quiet", text))];
}

function render() {
  const value = props.value || {};
  ballot.dataset.state = value.state || "empty";
  if (value.state === "voting" && ballot.dataset.pair !== value.pair) {
    ballot.dataset.pair = value.pair;
    [ready, pressed] = [0, false];
    ballot.classList.add("loading");
    images[0].src = value.left;
    images[1].src = value.right;
    if (value.content) find(".source img").src = value.content;
    localStorage.setItem(KEY, value.rater);
  }
  find(".source").hidden = !value.content || value.state !== "voting";
  find(".track span").style.width = value.total ? `${Math.round((100 * value.done) / value.total)}%` : "0";
  status.textContent = value.note || (value.state === "voting" ? `${value.done} of ${value.total} done. You may stop and go on later.`
    : value.state === "done" ? "That was all. Thank you!" : "");
  place.replaceChildren(...rank(value.ranking));
}

for (const image of images) image.addEventListener("load", () => { ready += 1; if (ready >= 2) ballot.classList.remove("loading"); });

// A key that is held votes once; and nobody votes on what is not on the screen yet.
function choose(chosen) {
  const value = props.value || {};
  if (value.state !== "voting" || pressed || ready < 2) return;
  pressed = true;
  trigger("vote", { pair: value.pair, chosen });
}

element.addEventListener("click", (event) => { const button = event.target.closest("[data-choice]"); if (button) choose(button.dataset.choice); });
document.addEventListener("keydown", (event) => {
  const chosen = { ArrowLeft: "left", ArrowRight: "right", " ": "neither" }[event.key];
  const writes = event.target.closest && event.target.closest("input, textarea");
  if (!chosen || event.repeat || writes || element.offsetParent === null || event.target.closest("[role=tab]")) return;
  if ((props.value || {}).state !== "voting") return;
  event.preventDefault();
  choose(chosen);
});
find(".entry").addEventListener("submit", (event) => { event.preventDefault(); trigger("begin", { rater: event.target.elements.rater.value }); });
find(".see").addEventListener("click", () => trigger("results"));
find(".entry input").value = localStorage.getItem(KEY) || "";
watch("value", render);
render();
