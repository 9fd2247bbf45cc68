// The course of an invitation: welcome, consent, photos and what becomes of them, done.

import { Invitation, isToken, readToken, Refused } from "./invitation.js";
import { PhotoList } from "./photos.js";
import { Sitting } from "./sitting.js";
import { knows, say } from "./words.js";

const ASK_AGAIN_MS = 1500;
const LONGEST_PAUSE_MS = 15_000;
// with so many photos a person is recognised surely
const ENOUGH = 3;
const ACCEPTED = new Set(["indexed", "held"]);
// whoever has such an answer can do nothing more with the link
const ENDINGS = new Set(["no-token", "wrong-token", "invitation-expired", "invitation-revoked"]);
const TYPES = { jpg: "jpeg", jpeg: "jpeg", png: "png", webp: "webp", heic: "heic", heif: "heif" };
const CAMERA_TROUBLES = {
  NotAllowedError: "blocked",
  NotFoundError: "missing",
  NotReadableError: "in-use",
  InsecureContextError: "insecure",
};

const find = (selector) => document.querySelector(selector);
const { consentText, detector } = document.body.dataset;
const trouble = find("#trouble");
const list = new PhotoList(find("#sent"), find("#photo"), (photoId, button) => doing(button, () => remove(photoId)));

let invitation = null;
let sitting = null;
let asking = null;
let pause = ASK_AGAIN_MS;

/** Shows an invitation, and looks again while a photo has not been looked at. */
function show(shown) {
  const { consent, photos, photos_left: left } = shown;
  const agreed = Boolean(consent?.given_at && !consent.withdrawn_at);
  const accepted = photos.filter(({ status }) => ACCEPTED.has(status)).length;
  const enough = accepted >= Math.min(ENOUGH, shown.most_photos);
  find("#greeting").textContent = say("join.say.greeting", { name: shown.full_name });
  find("#until").textContent = say("join.say.until", { moment: inWords(shown.valid_until) });
  find("#withdrawn").hidden = !consent?.withdrawn_at;
  reveal("#consent", !agreed);
  reveal("#take", agreed && left > 0);
  reveal("#used-up", agreed && left === 0 && !enough);
  reveal("#done", agreed && enough);
  find("#mind").hidden = !agreed;
  find("#left").textContent = say("join.say.left", { count: left });
  find("#sent-photos").hidden = photos.every(({ status }) => status === "removed");
  list.show(photos);
  clearTimeout(asking);
  if (photos.some(({ status }) => status === "received")) asking = setTimeout(look, pause);
}

/** Shows or hides a section; who uses a keyboard or a screen reader is led to what is new. */
function reveal(selector, wanted) {
  const section = find(selector);
  if (section.hidden === !wanted) return;
  section.hidden = !wanted;
  if (wanted) section.querySelector("h2").focus();
}

function inWords(moment) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });
  return format.format(new Date(moment));
}

async function look() {
  try {
    show(await invitation.show());
    pause = ASK_AGAIN_MS;
    tell("");
  } catch (error) {
    explain(error);
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    if (invitation) asking = setTimeout(look, pause);
  }
}

function tell(words) {
  trouble.textContent = words;
  trouble.hidden = !words;
}

function explain(error) {
  if (!(error instanceof Refused)) throw error;
  console.warn("Refused:", error.kind, error.message);
  if (ENDINGS.has(error.kind)) return end(error.kind);
  const key = `join.say.problem.${error.kind}`;
  tell(knows(key) ? say(key) : say("join.say.problem.other"));
}

function end(kind) {
  sitting?.end();
  clearTimeout(asking);
  invitation = null;
  for (const section of document.querySelectorAll("main > section, #mind")) section.hidden = true;
  find("#ended-title").textContent = say(`join.say.ended.${kind}`);
  find("#ended-why").textContent = say(`join.say.ended.${kind}.detail`);
  reveal("#ended", true);
}

/** Does what a button is for, once at a time, and says what went wrong. */
async function doing(button, work) {
  button.disabled = true;
  tell("");
  try {
    await work();
  } catch (error) {
    explain(error);
  } finally {
    button.disabled = false;
  }
}

async function send(photo) {
  const sent = await invitation.send(photo);
  await list.remember(sent.photo_id, photo);
  const shown = await invitation.show();
  show(shown);
  return shown.photos_left > 0;
}

async function remove(photoId) {
  await invitation.remove(photoId);
  show(await invitation.show());
}

async function sit() {
  const stage = find("#stage");
  stage.hidden = false;
  find("#camera-ways").hidden = true;
  find("#take").scrollIntoView();
  sitting = new Sitting(find("#camera"), detector, (pose, advice) => {
    write(find("#pose"), say(`join.say.pose.${pose}`));
    write(find("#advice"), advice && knows(`join.say.advice.${advice}`) ? say(`join.say.advice.${advice}`) : "");
  });
  try {
    await sitting.run(send);
  } catch (error) {
    if (error instanceof Refused) throw error;
    console.warn("No camera:", error.name, error.message);
    tell(say(`join.say.camera.${CAMERA_TROUBLES[error.name] ?? "other"}`));
  } finally {
    sitting = null;
    stage.hidden = true;
    find("#camera-ways").hidden = false;
  }
}

/** Screen readers read again what is written again. */
function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

async function sendFiles(input) {
  const files = [...input.files];
  input.value = "";
  for (const file of files) if (!(await send(typed(file)))) return;
}

/** Some browsers do not know what kind of picture a phone's file is. */
function typed(file) {
  const kind = TYPES[file.name.split(".").at(-1).toLowerCase()];
  return file.type || !kind ? file : new File([file], file.name, { type: `image/${kind}` });
}

function begin() {
  addEventListener("hashchange", () => location.reload());
  const token = readToken();
  if (!token) return end("no-token");
  if (!isToken(token)) return end("wrong-token");
  invitation = new Invitation(token);
  const [agree, take, files, mind] = ["#agree", "#start-camera", "#files", "#withdraw"].map(find);
  agree.addEventListener("click", () => doing(agree, async () => show(await invitation.agree(consentText))));
  take.addEventListener("click", () => doing(take, sit));
  find("#take-now").addEventListener("click", () => sitting?.press());
  find("#stop-camera").addEventListener("click", () => sitting?.end());
  files.addEventListener("change", () => doing(files, () => sendFiles(files)));
  const asked = find("#sure");
  mind.addEventListener("click", () => asked.showModal());
  asked.addEventListener("close", () => {
    if (asked.returnValue !== "yes") return;
    sitting?.end();
    doing(mind, async () => show(await invitation.withdraw()));
  });
  look();
}

begin();
