// Secrets that the API shows once: <dialog data-secret-of="event" data-field="name"> shows that field of the answer that
// the event brings, to be copied, and forgets it when it is closed. With data-then-reload the page is then loaded anew, and
// at once where the answer brings no secret.

for (const dialog of document.querySelectorAll("dialog[data-secret-of]")) {
  const shown = dialog.querySelector("output");
  const copy = dialog.querySelector("[data-copies]");
  const words = copy.textContent;
  document.body.addEventListener(dialog.dataset.secretOf, ({ detail }) => {
    const secret = detail[dialog.dataset.field];
    if (!secret) {
      if (dialog.dataset.thenReload !== undefined) location.reload();
      return;
    }
    shown.textContent = secret;
    copy.textContent = words;
    dialog.showModal();
  });
  copy.addEventListener("click", async () => {
    // what cannot be copied for somebody is at least marked for them
    getSelection().selectAllChildren(shown);
    await navigator.clipboard?.writeText(shown.textContent);
    copy.textContent = copy.dataset.copied;
  });
  dialog.addEventListener("close", () => {
    shown.textContent = "";
    if (dialog.dataset.thenReload !== undefined) location.reload();
  });
}
