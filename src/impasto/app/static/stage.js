const find = (name) => element.querySelector(name);
const [stage, frame, before, after, divider] = [".stage", ".frame", ".before", ".after", ".divider"].map(find);
const status = find(".status"), download = find(".download"), bar = find(".bar"), booth = find(".booth");

const tell = (text, bad = false) => { status.textContent = text; status.classList.toggle("bad", bad); };

// A picture replaces the one that is shown once it is loaded, so that nothing flickers.
function show(image, address) {
  if (!address || image.dataset.address === address) return;
  image.dataset.address = address;
  const next = new Image();
  next.onload = () => { if (image.dataset.address === address) image.src = address; };
  next.src = address;
}

function render() {
  const value = props.value || {};
  stage.dataset.state = value.state || "empty";
  if (value.width) frame.style.setProperty("--shape", `${value.width} / ${value.height}`);
  if (value.width) frame.style.setProperty("--ratio", value.width / value.height);
  show(before, value.before);
  show(after, value.after || value.before);
  bar.style.width = `${Math.round(100 * (value.progress || 0))}%`;
  tell(value.note || "", value.state === "bad");
  const ready = value.state === "ready" && value.download;
  download.setAttribute("aria-disabled", String(!ready));
  if (ready) { download.href = value.download; download.download = value.filename || ""; } else download.removeAttribute("href");
  find(".samples").replaceChildren(...(value.samples || []).map((sample) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sample";
    button.title = button.ariaLabel = sample.title;
    button.style.backgroundImage = `url("${sample.picture}")`;
    button.dataset.sample = sample.name;
    return button;
  }));
}

async function bring(file) {
  if (!file) return;
  if (file.size > props.value.max_bytes) {
    tell(`${file.name} has ${Math.ceil(file.size / 1e6)} MB, and ${Math.floor(props.value.max_bytes / 1e6)} MB are taken at most: make it smaller.`, true);
    return;
  }
  tell(`Bringing ${file.name} …`);
  try {
    const { path } = await upload(file);
    trigger("brought", { path, name: file.name });
  } catch (problem) {
    tell(`${file.name} could not be brought here.`, true);
  }
}

const split = () => frame.style.setProperty("--split", `${divider.value}%`);
divider.addEventListener("input", split);
split();

find(".file").addEventListener("change", (event) => { bring(event.target.files[0]); event.target.value = ""; });
find(".samples").addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-sample]");
  if (chosen) trigger("sample", { name: chosen.dataset.sample });
});
for (const name of ["dragenter", "dragover"]) stage.addEventListener(name, (event) => { event.preventDefault(); stage.classList.add("over"); });
for (const name of ["dragleave", "drop"]) stage.addEventListener(name, (event) => { event.preventDefault(); stage.classList.remove("over"); });
stage.addEventListener("drop", (event) => bring(event.dataTransfer.files[0]));
document.addEventListener("paste", (event) => {
  const file = event.clipboardData && event.clipboardData.files[0];
  if (file && element.offsetParent !== null) bring(file);
});

// The camera runs only while its window is open.
let stream = null;
const video = booth.querySelector("video"), snap = booth.querySelector(".snap"), word = booth.querySelector(".booth-note");
function leave() {
  if (stream) stream.getTracks().forEach((track) => track.stop());
  stream = null;
  if (booth.open) booth.close();
}
find(".camera").addEventListener("click", async () => {
  booth.showModal();
  snap.disabled = true;
  word.textContent = "Asking for the camera …";
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
    if (!booth.open) return leave();
    video.srcObject = stream;
    await new Promise((seen) => video.addEventListener("loadeddata", seen, { once: true }));
    word.textContent = "";
    snap.disabled = false;
  } catch (problem) {
    word.textContent = "There is no camera here, or this page may not use it.";
  }
});
booth.querySelector(".cancel").addEventListener("click", leave);
booth.addEventListener("close", leave);
snap.addEventListener("click", () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.toBlob((blob) => bring(new File([blob], "camera.jpg", { type: "image/jpeg" })), "image/jpeg", 0.95);
  leave();
});

watch("value", render);
render();
