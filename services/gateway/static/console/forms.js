// Forms that send JSON to the API:
//   <form data-api="PATCH /v1/zones/{zone_id}" data-then="event:zones-changed">
// The names of inputs are the fields of the body; dotted names nest, and a name in the address's braces goes there.
// How values are read:
//   a checkbox without a value is true or false; those with one, and <select multiple>, make a list
//   data-type="number|boolean|json|lines|date-time" says another type than text has
//   what is empty is left out, or sent as the JSON in data-empty="null", "[]", ...
//   data-repeats="name" has to equal another input, and says data-differs if it does not
// Of the form:
//   data-then    once it is done, words of: refresh (an event on body), reload, follow (to the page of what was
//                made), event:<name> (on body), reset, or a page's address with {fields} of the answer
//   data-etag    sent as If-Match          data-key   a fresh Idempotency-Key is sent
//   data-confirm asks this first           data-dialog  asks with this dialog, by its button value="yes"
//   data-body    JSON that is sent where no field is
// A form in a dialog closes it. `form-sent` is dispatched on the form with the answer's body.

import { complainedFields, problemOf, tell } from "./problems.js";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.api) return;
  event.preventDefault();
  send(form, event.submitter);
});

document.addEventListener("input", ({ target }) => {
  target.removeAttribute?.("aria-invalid");
  if (target.form) for (const other of target.form.querySelectorAll("[data-repeats]")) compare(other);
});

/** Asks the API for what a form says; tells in the form what went wrong. */
async function send(form, submitter) {
  if (form.hasAttribute("aria-busy") || !(await agreed(form, submitter))) return;
  const problemPlace = placeOfProblem(form);
  problemPlace.hidden = true;
  form.setAttribute("aria-busy", "true");
  const buttons = [...form.querySelectorAll("button:enabled")];
  try {
    const request = requestOf(form, submitter);
    for (const button of buttons) button.disabled = true;
    const answer = await fetch(request.path, request);
    if (answer.ok) await done(form, answer);
    else await refused(form, answer, problemPlace);
  } catch (error) {
    problemPlace.textContent = error instanceof WrongValue ? error.message : document.body.dataset.unreachable;
    problemPlace.hidden = false;
    if (!(error instanceof WrongValue) && !(error instanceof TypeError)) throw error;
  } finally {
    for (const button of buttons) button.disabled = false;
    form.removeAttribute("aria-busy");
  }
}

class WrongValue extends Error {}

/** The headers that changes need. */
export function changing(headers = {}) {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  return token ? { "X-CSRF-Token": token, ...headers } : headers;
}

function requestOf(form, submitter) {
  const { api, etag, key, body } = form.dataset;
  const [method, template] = api.split(" ");
  const fields = fieldsOf(form, submitter);
  const path = template.replace(/\{([\w.-]+)\}/g, (_, name) => {
    const value = fields.get(name);
    fields.delete(name);
    return encodeURIComponent(value);
  });
  const headers = changing();
  if (etag) headers["If-Match"] = etag;
  if (key !== undefined) headers["Idempotency-Key"] = `"${crypto.randomUUID()}"`;
  if (!fields.size && body === undefined) return { method, path, headers };
  headers["Content-Type"] = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  return { method, path, headers, body: JSON.stringify({ ...JSON.parse(body ?? "{}"), ...nested(fields) }) };
}

/** The values of a form by their names, as JSON has them. */
export function fieldsOf(form, submitter) {
  const fields = new Map();
  const controls = [...form.elements].filter(({ name, disabled, type }) => name && !disabled && type !== "file");
  for (const control of controls) {
    if (control.type === "submit" || control.type === "button") {
      if (control === submitter) fields.set(control.name, control.value);
      continue;
    }
    if (control.type === "checkbox" && control.hasAttribute("value")) {
      const list = fields.get(control.name) ?? [];
      fields.set(control.name, control.checked ? [...list, typed(control, control.value)] : list);
      continue;
    }
    if (control.type === "radio" && !control.checked) continue;
    const value = valueOf(control);
    if (value !== undefined) fields.set(control.name, value);
  }
  return fields;
}

function valueOf(control) {
  if (control.type === "checkbox") return control.checked;
  if (control.type === "select-multiple") return [...control.selectedOptions].map(({ value }) => typed(control, value));
  const text = control.type === "password" ? control.value : control.value.trim();
  if (text === "") return control.dataset.empty === undefined ? undefined : JSON.parse(control.dataset.empty);
  return typed(control, text);
}

function typed(control, text) {
  switch (control.dataset.type ?? control.type) {
    case "number":
      return Number(text);
    case "boolean":
      return text === "true";
    case "json":
      return parsed(control, text);
    case "lines":
      return text.split("\n").map((line) => line.trim()).filter(Boolean);
    case "date-time":
    case "datetime-local":
      return new Date(text).toISOString();
    default:
      return text;
  }
}

function parsed(control, text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    control.setAttribute("aria-invalid", "true");
    control.focus();
    throw new WrongValue(error.message);
  }
}

function nested(fields) {
  const body = {};
  for (const [name, value] of fields) {
    const parts = name.split(".");
    const last = parts.pop();
    let within = body;
    for (const part of parts) within = within[part] ??= {};
    within[last] = value;
  }
  return body;
}

async function done(form, answer) {
  const body = answer.status === 204 ? null : await answer.json().catch(() => null);
  form.dispatchEvent(new CustomEvent("form-sent", { bubbles: true, detail: { body, answer } }));
  form.closest("dialog")?.close();
  document.getElementById("said").textContent = document.body.dataset.sent;
  for (const word of (form.dataset.then ?? "refresh").split(" ")) follow(word, form, body, answer);
}

function follow(word, form, body, answer) {
  if (word === "reload") location.reload();
  else if (word === "reset") form.reset();
  else if (word === "follow") location.assign(answer.headers.get("Location").replace("/v1/", "/console/"));
  else if (word.startsWith("/")) location.assign(word.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(body[name])));
  else announce(word.replace("event:", ""), body);
}

/** Tells all fragments that something has changed: those with hx-trigger="<name> from:body" fetch themselves anew. */
export function announce(name, detail) {
  document.body.dispatchEvent(new CustomEvent(name, { detail }));
}

async function refused(form, answer, place) {
  const problem = await problemOf(answer);
  if (problem.type === "/problems/session-ended") {
    location.assign(`/console/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
    return;
  }
  await tell(place, problem);
  for (const name of complainedFields(problem)) {
    const control = form.elements[name];
    if (control instanceof Element) control.setAttribute("aria-invalid", "true");
  }
  (form.querySelector("[aria-invalid]") ?? form.querySelector('input[type="password"]'))?.focus();
}

function placeOfProblem(form) {
  const found = form.querySelector(".problem");
  if (found) return found;
  const place = document.createElement("div");
  place.className = "problem";
  place.setAttribute("role", "alert");
  form.append(place);
  return place;
}

function compare(control) {
  const same = control.value === control.form.elements[control.dataset.repeats].value;
  control.setCustomValidity(same ? "" : control.dataset.differs);
}

async function agreed(form, submitter) {
  const { confirm: question, dialog: own } = form.dataset;
  if (!question && !own) return true;
  const dialog = document.getElementById(own ?? "confirm");
  const yes = dialog.querySelector('button[value="yes"]');
  if (question) {
    dialog.querySelector("p").textContent = question;
    yes.textContent = submitter.textContent;
    yes.classList.toggle("danger", submitter.classList.contains("danger"));
  }
  return new Promise((resolve) => {
    const asked = new AbortController();
    const settle = (answer) => {
      asked.abort();
      dialog.close();
      resolve(answer);
    };
    const listen = { signal: asked.signal };
    dialog.addEventListener("click", ({ target }) => {
      const value = target.closest("button")?.value;
      if (value === "yes" || value === "no") settle(value === "yes");
    }, listen);
    dialog.addEventListener("close", () => settle(false), listen);
    dialog.showModal();
  });
}
