// What htmx does not do: the live dot, copy buttons and the focus of outcomes.
"use strict";

const dot = document.getElementById("dot");

function show(state) {
  dot.className = "dot " + state;
  dot.setAttribute("aria-label", state);
  document.body.dataset.live = state;
}

document.addEventListener("htmx:sse:after:connection", () => show("live"));
document.addEventListener("htmx:sse:error", () => show("disconnected"));
document.addEventListener("htmx:sse:close", () => show("disconnected"));

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const label = button.innerHTML;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "copied";
  } catch {
    button.textContent = "not copied";
  }
  setTimeout(() => { button.innerHTML = label; }, 1200);
});

document.addEventListener("input", (event) => {
  if (event.target.type === "range") event.target.form.querySelector("output").textContent = event.target.value;
});
