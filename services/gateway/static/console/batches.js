// An archive on its way in.

import { problemOf, tell } from "./problems.js";
import { takeFiles, Unreachable, upload } from "./uploads.js";

const place = document.getElementById("archive");
const sending = place.querySelector(".sending");
const state = sending.querySelector("[role=status]");
const progress = sending.querySelector("progress");
const problem = place.querySelector(".problem");
const { mostBytes, ...words } = place.dataset;

function complain(sentence) {
  problem.textContent = sentence;
  problem.hidden = false;
}

async function send(file) {
  sending.hidden = false;
  progress.value = 0;
  state.textContent = file.name;
  try {
    const answer = await upload(
      `/v1/batches?name=${encodeURIComponent(file.name)}`,
      file,
      "application/zip",
      (part) => { progress.value = part; },
      () => { state.textContent = words.busy; },
    );
    if (answer.ok) location.assign(answer.headers.get("Location").replace("/v1/", "/console/"));
    else await tell(problem, await problemOf(answer));
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    complain(document.body.dataset.unreachable);
  } finally {
    sending.hidden = true;
  }
}

takeFiles(place, document.getElementById("zip"), ([file]) => {
  problem.hidden = true;
  if (!sending.hidden) return;
  if (!/\.zip$/i.test(file.name)) complain(words.wrongType);
  else if (file.size > Number(mostBytes)) complain(words.tooLarge);
  else send(file);
});
