// Photos of one person on their way in: files that are dropped or chosen, and pictures of the webcam.

import { announce, changing } from "./forms.js";
import { problemOf, tell } from "./problems.js";
import { takeFiles, Unreachable, upload } from "./uploads.js";

const AT_ONCE = 3;
// browsers do not tell the type of every file
const TYPES = { heic: "image/heic", heif: "image/heif" };

const place = document.getElementById("enroll");
const rows = document.getElementById("uploads");
const input = document.getElementById("files");
const { person, mostBytes, taken, ...words } = place.dataset;
const photos = `/v1/people/${person}/photos`;
const queue = [];
let sending = 0;
let replaced;

/** Has photos enrolled; `inPlaceOf` is the id of a photo that goes when the first of them has come in. */
export function enroll(files, inPlaceOf) {
  for (const [number, file] of files.entries()) {
    const row = rowOf(file);
    const complaint = complaintAbout(file);
    if (complaint) end(row, complaint);
    else queue.push({ file, row, inPlaceOf: number ? undefined : inPlaceOf });
  }
  work();
}

function typeOf(file) {
  return file.type || TYPES[file.name.split(".").pop().toLowerCase()] || "";
}

function complaintAbout(file) {
  if (!taken.split(" ").includes(typeOf(file))) return words.wrongType;
  return file.size > Number(mostBytes) ? words.tooLarge : null;
}

function rowOf(file) {
  const row = document.getElementById("upload").content.firstElementChild.cloneNode(true);
  const picture = row.querySelector("img");
  picture.src = URL.createObjectURL(file);
  row.querySelector(".name").textContent = file.name;
  row.querySelector(".state").textContent = words.waits;
  row.querySelector(".dismiss").addEventListener("click", () => remove(row));
  rows.append(row);
  return row;
}

function remove(row) {
  URL.revokeObjectURL(row.querySelector("img").src);
  row.remove();
}

function end(row, sentence) {
  row.dataset.ended = "";
  row.querySelector(".dismiss").hidden = false;
  if (sentence) row.querySelector(".state").textContent = sentence;
}

function work() {
  while (sending < AT_ONCE && queue.length) {
    sending += 1;
    send(queue.shift()).finally(() => {
      sending -= 1;
      work();
    });
  }
}

async function send(photo) {
  const { file, row } = photo;
  const [state, progress, again] = [".state", "progress", ".again"].map((name) => row.querySelector(name));
  delete row.dataset.ended;
  state.textContent = words.sending;
  again.hidden = row.querySelector(".dismiss").hidden = true;
  try {
    const answer = await upload(
      photos,
      file,
      typeOf(file),
      (part) => { progress.value = part; },
      () => { state.textContent = words.busy; },
    );
    if (answer.ok) await received(photo, answer);
    else {
      await tell(state, await problemOf(answer));
      end(row);
    }
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    end(row, document.body.dataset.unreachable);
    again.hidden = false;
    again.onclick = () => {
      queue.push(photo);
      work();
    };
  }
}

async function received({ row, inPlaceOf }, answer) {
  const { enrollment_id: id } = await answer.json();
  // the photo was sent before, and what became of it stands
  if (answer.status === 200) end(row, words.same);
  else remove(row);
  await show(id);
  if (inPlaceOf && inPlaceOf !== id) await removePhoto(inPlaceOf);
}

function show(id) {
  if (document.getElementById(`photo-${id}`)) return announce(`photo-${id}`);
  return htmx.ajax("GET", `/console/people/${person}/photos/${id}?waited=yes`, { target: "#photos", swap: "afterbegin" });
}

async function removePhoto(id) {
  const answer = await fetch(`${photos}/${id}`, { method: "DELETE", headers: changing() });
  if (!answer.ok) await tell(document.getElementById("problem"), await problemOf(answer));
  announce(`photo-${id}`);
}

takeFiles(place, input, (files) => {
  enroll(files, replaced);
  replaced = undefined;
});
input.addEventListener("cancel", () => { replaced = undefined; });
document.getElementById("photos").addEventListener("click", ({ target }) => {
  const button = target.closest("[data-replaces]");
  if (!button) return;
  replaced = button.dataset.replaces;
  input.click();
});
