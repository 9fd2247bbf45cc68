// Buttons that open and close dialogs, and what folds away on small screens.
//   <button data-opens="id">    shows the dialog
//   <button data-closes>        closes the dialog that it stands in
//   <button data-toggles="id">  shows or hides an element, by its data-open

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-opens], [data-closes], [data-toggles]");
  if (!button) return;
  const { opens, closes, toggles } = button.dataset;
  if (opens !== undefined) document.getElementById(opens).showModal();
  if (closes !== undefined) button.closest("dialog").close();
  if (toggles !== undefined) toggle(button, document.getElementById(toggles));
});

// a click beside an open dialog closes it, unless it asks something
document.addEventListener("click", ({ target, clientX, clientY }) => {
  if (!(target instanceof HTMLDialogElement) || target.id === "confirm") return;
  const { left, right, top, bottom } = target.getBoundingClientRect();
  if (clientX < left || clientX > right || clientY < top || clientY > bottom) target.close();
});

function toggle(button, element) {
  const open = element.toggleAttribute("data-open");
  button.setAttribute("aria-expanded", String(open));
}
