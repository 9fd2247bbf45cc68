// <input type="datetime-local" data-moment="…"> shows the moment in the browser's own time, whenever it comes into the
// page; what is typed there is local time, too.

function fill(input) {
  const moment = new Date(input.dataset.moment);
  const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  input.value = local.toISOString().slice(0, 16);
}

const fillAll = (within) => within.querySelectorAll("input[data-moment]").forEach(fill);

fillAll(document);
document.addEventListener("htmx:afterSwap", ({ target }) => fillAll(target));
