const find = (name) => element.querySelector(name);
const styles = find(".styles"), status = find(".status");
const input = (name) => find(`input[name=${name}]`);
const shown = { strength: (v) => `${Math.round(100 * v)} %`, brush: (v) => (v === 1 ? "as in the style" : `${v.toFixed(1)} ×`) };

const tell = (text, bad = false) => { status.textContent = text; status.classList.toggle("bad", bad); };

function change(part) {
  props.value = { ...props.value, ...part };
  render();
  trigger("wish");
}

function tile(style, chosen) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "style";
  button.dataset.style = style.name;
  button.title = style.title;
  button.setAttribute("aria-pressed", String(chosen));
  const picture = document.createElement("span");
  picture.className = "picture";
  picture.style.backgroundImage = `url("${style.picture}")`;
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = style.title;
  button.append(picture, name);
  return button;
}

function render() {
  const value = props.value || {};
  const held = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.style : null;
  const chosen = new Set(value.chosen || []);
  const add = document.createElement("label");
  add.className = "style add";
  add.innerHTML = '<input class="file" type="file" multiple accept="image/*,.heic,.heif,.jxl,.tif,.tiff,.safetensors">' +
    '<span class="picture" aria-hidden="true">+</span><span class="name">Your own</span>';
  styles.replaceChildren(...(value.styles || []).map((style) => tile(style, chosen.has(style.name))), add);
  if (held) { const again = styles.querySelector(`[data-style="${CSS.escape(held)}"]`); if (again) again.focus(); }
  element.querySelector(".palette").classList.toggle("one-way", value.takes_styles === false);
  for (const name of ["strength", "brush"]) {
    const field = input(name);
    if (document.activeElement !== field) field.value = value[name];
    const text = shown[name](Number(value[name]));
    field.closest(".dial").querySelector("output").textContent = text;
    field.setAttribute("aria-valuetext", text);
  }
  for (const name of ["keep_colours", "mixing"]) input(name).checked = value[name] === true;
  tell(value.note || "", value.bad === true);
}

async function bring(files) {
  const list = [...files].slice(0, 20);
  if (!list.length) return;
  tell(list.length === 1 ? `Bringing ${list[0].name} …` : `Bringing ${list.length} pictures …`);
  try {
    const brought = [];
    for (const file of list) brought.push({ path: (await upload(file)).path, name: file.name });
    trigger("brought", { files: brought });
  } catch (problem) {
    tell("That could not be brought here.", true);
  }
}

styles.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-style]");
  if (!button) return;
  const name = button.dataset.style, chosen = props.value.chosen || [];
  if (!props.value.mixing) return change({ chosen: [name] });
  const without = chosen.filter((each) => each !== name);
  if (without.length) change({ chosen: without.length < chosen.length ? without : [...chosen, name] });
});
styles.addEventListener("change", (event) => { if (event.target.matches(".file")) bring(event.target.files); });
for (const name of ["dragenter", "dragover"]) element.addEventListener(name, (event) => { event.preventDefault(); styles.classList.add("over"); });
for (const name of ["dragleave", "drop"]) element.addEventListener(name, (event) => { event.preventDefault(); styles.classList.remove("over"); });
element.addEventListener("drop", (event) => bring(event.dataTransfer.files));
for (const name of ["strength", "brush"]) input(name).addEventListener("input", (event) => change({ [name]: Number(event.target.value) }));
input("keep_colours").addEventListener("change", (event) => change({ keep_colours: event.target.checked }));
input("mixing").addEventListener("change", (event) => {
  const chosen = props.value.chosen || [];
  change({ mixing: event.target.checked, chosen: event.target.checked ? chosen : chosen.slice(-1) });
});

watch("value", render);
render();
trigger("ready");
