// Tells how many dead letters were sent again, once that is done.

const place = document.getElementById("redriven");

document.addEventListener("form-sent", ({ target, detail: { body } }) => {
  if (!target.matches(".redrive-all")) return;
  place.textContent = place.dataset.redriven
    .replace("{redriven}", body.redriven)
    .replace("{refused}", Object.keys(body.refused).length)
    .replace("{left}", body.left);
});
