// The days of a holiday calendar: rows of date and name, which the hidden input follows.

const section = document.getElementById("holidays");
const input = section.querySelector("input[type=hidden]");
const list = section.querySelector("ul");
const template = section.querySelector("template");
// of days of every year; a leap year, so that each day is in it.
const ANY_YEAR = "2000";

for (const holiday of JSON.parse(input.value)) add(holiday);

section.querySelector("button.add").addEventListener("click", () => {
  add({ day: "", name: "" });
  list.lastElementChild.querySelector("input").focus();
});
list.addEventListener("input", keep);
list.addEventListener("click", (event) => {
  if (!event.target.closest("button")) return;
  event.target.closest("li").remove();
  keep();
  section.querySelector("button.add").focus();
});

function add({ day, name }) {
  const row = template.content.firstElementChild.cloneNode(true);
  const [date, everyYear, title] = row.querySelectorAll("input");
  everyYear.checked = day.length === 5;
  date.value = everyYear.checked ? `${ANY_YEAR}-${day}` : day;
  title.value = name;
  list.append(row);
}

function keep() {
  const days = [...list.children].map((row) => {
    const [date, everyYear, title] = row.querySelectorAll("input");
    return { day: everyYear.checked ? date.value.slice(5) : date.value, name: title.value };
  });
  input.value = JSON.stringify(days);
}
