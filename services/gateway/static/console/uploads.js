// Sending files to the gateway, with progress.

import { changing } from "./forms.js";

const LONGEST_PATIENCE_SECONDS = 20;
const ATTEMPTS = 6;

/** The gateway could not be reached, or the connection broke. */
export class Unreachable extends Error {}

/**
 * Posts a file and resolves to the answer. Throws Unreachable.
 * @param {string} path
 * @param {Blob} file
 * @param {string} type the content type
 * @param {(part: number) => void} progressed told how much has been sent, 0 to 1
 * @param {() => void} waits told when the gateway has no room for it yet
 */
export async function upload(path, file, type, progressed, waits) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await post(path, file, type, progressed);
    const seconds = Number(answer.headers.get("Retry-After"));
    if (answer.status !== 503 || !seconds || attempt === ATTEMPTS) return answer;
    waits();
    // what was refused together should not come back together
    const patience = Math.min(seconds, LONGEST_PATIENCE_SECONDS) * (1 + Math.random() / 2);
    await new Promise((resolve) => setTimeout(resolve, patience * 1000));
  }
}

// fetch tells nothing of what has been sent so far
function post(path, file, type, progressed) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(changing({ "Content-Type": type }))) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded, total }) => progressed(loaded / total));
    request.addEventListener("load", () => {
      const headers = new Headers();
      for (const name of ["Content-Type", "Location", "Retry-After"]) {
        const value = request.getResponseHeader(name);
        if (value !== null) headers.set(name, value);
      }
      resolve(new Response(request.response, { status: request.status, statusText: request.statusText, headers }));
    });
    request.addEventListener("error", () => reject(new Unreachable()));
    request.send(file);
  });
}

/** Has files that are dropped on an element, or chosen by an input, taken by `take`. */
export function takeFiles(place, input, take) {
  place.addEventListener("dragover", (event) => {
    event.preventDefault();
    place.classList.add("over");
  });
  place.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!place.contains(relatedTarget)) place.classList.remove("over");
  });
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("over");
    take([...event.dataTransfer.files]);
  });
  input.addEventListener("change", () => {
    const files = [...input.files];
    // so that the same file can be chosen again
    input.value = "";
    if (files.length) take(files);
  });
}

// a file that is dropped beside would be opened in place of the page
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
