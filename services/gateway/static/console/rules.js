// What the editor of a rule does beside its week: time zone and moments of this place, more groups, long lists narrowed.

import { showWeeks } from "./week_view.js";

const form = document.querySelector("form.rule");

showWeeks(form);

const zone = form.elements.time_zone;
zone.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone;

for (const field of form.querySelectorAll("[data-moment]")) {
  if (field.dataset.moment) field.value = local(new Date(field.dataset.moment));
}

form.querySelector("[data-adds-group]").addEventListener("click", (event) => {
  const typed = form.querySelector("[data-new-group]");
  const group = typed.value.trim();
  if (!group) return;
  const choices = event.target.closest("fieldset").querySelector(".choices");
  const known = [...choices.querySelectorAll("input")].find((input) => input.value === group);
  if (known) known.checked = true;
  else choices.append(choice(group));
  typed.value = "";
  typed.focus();
});

form.querySelector("[data-new-group]").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  form.querySelector("[data-adds-group]").click();
});

for (const search of form.querySelectorAll("[data-narrows]")) {
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    for (const label of search.closest("fieldset").querySelectorAll(".choices label")) {
      label.hidden = !label.textContent.toLowerCase().includes(wanted);
    }
  });
}

function choice(group) {
  const input = document.createElement("input");
  Object.assign(input, { type: "checkbox", name: "groups", value: group, checked: true });
  const label = document.createElement("label");
  label.append(input, ` ${group}`);
  return label;
}

// as <input type="datetime-local"> takes it
function local(moment) {
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
