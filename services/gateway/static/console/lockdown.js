// The second step of an emergency: what was asked for has to be confirmed before its time is over.

const dialog = document.getElementById("confirmation");
const time = dialog?.querySelector("[data-time]");
const confirm = dialog?.querySelector("button.danger");
let ticking = 0;

document.body.addEventListener("emergency-asked", ({ detail }) => {
  const form = dialog.querySelector("form");
  form.elements.emergency_id.value = detail.emergency_id;
  form.elements.confirmation.value = detail.confirmation;
  form.querySelector(".problem").hidden = true;
  dialog.querySelector("h2").textContent = dialog.dataset.question
    .replace("{action}", wordsOf("action", detail.action))
    .replace("{where}", wordsOf("zone_id", detail.zone_id ?? ""))
    .replace("{doors}", detail.doors);
  const end = Date.parse(detail.confirm_until);
  clearInterval(ticking);
  ticking = setInterval(() => tick(end), 500);
  tick(end);
  dialog.showModal();
});

dialog?.addEventListener("close", () => clearInterval(ticking));

function tick(end) {
  const seconds = Math.ceil((end - Date.now()) / 1000);
  confirm.disabled = seconds <= 0;
  time.textContent = seconds > 0 ? dialog.dataset.seconds.replace("{seconds}", seconds) : dialog.dataset.tooLate;
}

function wordsOf(name, value) {
  return document.querySelector(`select[name="${name}"] option[value="${CSS.escape(value)}"]`).textContent;
}
