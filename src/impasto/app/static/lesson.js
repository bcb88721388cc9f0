const find = (name) => element.querySelector(name);
const lesson = find(".lesson"), tray = find(".tray"), status = find(".status"), sheet = find(".sheet"), stop = find(".stop");
const KEY = "impasto-lesson";
const gathers = () => ["gathering", undefined].includes((props.value || {}).state);

function clock(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function said(value) {
  if (value.note) return value.note;
  const before = value.place === 1 ? "one other style is" : `${value.place} other styles are`;
  return {
    waiting: value.place ? `Waiting: ${before} learnt first.` : "Waiting …",
    starting: "Getting ready …",
    learning: value.left == null ? "Learning …" : `Learning, ${clock(value.left)} left. A new preview comes every half minute.`,
    ending: "Finishing: the last preview is painted …",
    done: "Learnt. Give it a name to paint with it.",
    kept: `Kept as ${value.name}. You find it on the tab Paint.`,
  }[value.state] || "";
}

function show(address) {
  if (!address || sheet.dataset.address === address) return;
  sheet.dataset.address = address;
  const next = new Image();
  next.onload = () => { if (sheet.dataset.address === address) sheet.src = address; };
  next.src = address;
}

function render() {
  const value = props.value || {};
  lesson.dataset.state = value.state || "gathering";
  lesson.classList.toggle("with-sheet", Boolean(value.sheet) && !gathers());
  const add = document.createElement("label");
  add.className = "style add";
  add.innerHTML = '<input class="file" type="file" multiple accept="image/*,.heic,.heif,.jxl,.tif,.tiff"><span class="picture" aria-hidden="true">+</span><span class="name">Add pictures</span>';
  tray.replaceChildren(...(value.pictures || []).map((picture) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "style";
    button.dataset.token = picture.token;
    button.ariaLabel = gathers() ? `Take ${picture.name} away` : picture.name;
    button.title = button.ariaLabel;
    button.disabled = !gathers();
    const square = document.createElement("span");
    square.className = "picture";
    square.style.backgroundImage = `url("${picture.picture}")`;
    button.append(square);
    return button;
  }), ...(gathers() && (value.pictures || []).length < value.most ? [add] : []));
  show(value.sheet);
  find(".track span").style.width = `${Math.round(100 * (value.share || 0))}%`;
  find(".start").disabled = !(value.pictures || []).length;
  stop.disabled = value.state === "ending";
  stop.textContent = value.state === "learning" ? "Stop, this is good" : value.state === "ending" ? "Stopping …" : "Give it up";
  const download = find(".download");
  if (value.download) download.href = value.download; else download.removeAttribute("href");
  call(download, value.name);
  status.textContent = said(value);
  status.classList.toggle("bad", value.bad === true);
  if (value.token) localStorage.setItem(KEY, value.token); else if (gathers()) localStorage.removeItem(KEY);
}

function call(download, name) { // as it was named, or is being named
  const given = (name || find(".naming input").value).replace(/[^\p{L}\p{N}_ ()-]+/gu, " ").trim();
  download.download = `${given || "style"}.safetensors`;
}

find(".download").addEventListener("click", () => call(find(".download"), props.value.name));

async function bring(files) {
  const list = [...files].filter((file) => file.size <= props.value.max_bytes).slice(0, 20);
  const large = [...files].find((file) => file.size > props.value.max_bytes);
  if (large) { status.textContent = `${large.name} is larger than ${Math.floor(props.value.max_bytes / 1e6)} MB.`; status.classList.add("bad"); }
  if (!list.length || !gathers()) return;
  status.textContent = "Bringing them …";
  try {
    const brought = [];
    for (const file of list) brought.push({ path: (await upload(file)).path, name: file.name });
    trigger("brought", { files: brought });
  } catch (problem) {
    status.textContent = "They could not be brought here.";
  }
}

tray.addEventListener("change", (event) => { if (event.target.matches(".file")) bring(event.target.files); });
tray.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-token]");
  if (!button || !gathers()) return;
  props.value = { ...props.value, pictures: props.value.pictures.filter((each) => each.token !== button.dataset.token), note: "" };
  render();
});
for (const name of ["dragenter", "dragover"]) lesson.addEventListener(name, (event) => { event.preventDefault(); tray.classList.add("over"); });
for (const name of ["dragleave", "drop"]) lesson.addEventListener(name, (event) => { event.preventDefault(); tray.classList.remove("over"); });
lesson.addEventListener("drop", (event) => bring(event.dataTransfer.files));
find(".start").addEventListener("click", () => trigger("start"));
stop.addEventListener("click", () => { stop.disabled = true; trigger("stop"); });
find(".naming").addEventListener("submit", (event) => { event.preventDefault(); trigger("keep", { name: event.target.elements.name.value }); });
find(".anew").addEventListener("click", () => {
  localStorage.removeItem(KEY);
  sheet.removeAttribute("src");
  delete sheet.dataset.address;
  props.value = { state: "gathering", pictures: [], max_bytes: props.value.max_bytes, most: props.value.most };
  render();
});

setInterval(() => { if (props.value && props.value.going && !document.hidden) trigger("look", { token: props.value.token }); }, 1500);
watch("value", render);
render();
// A training goes on while its page is closed.
if (localStorage.getItem(KEY)) trigger("look", { token: localStorage.getItem(KEY) });
