// Shows on the page what fails in it: an exception of the page's Python with its traceback, wherever it was raised, or
// an error of a script. The console has it too.
//
// The page holds one element with `data-errors`. Errors come as window's `error` (reportError() and what a listener
// raises), as unhandled rejections, and as .py-error elements, which PyScript and loader.js make for top-level code.
const MOST = 5; // a handler may fail ten times a second
const list = document.querySelector("[data-errors]");
const shown = new Map(); // the cards by their text

function show(text) {
  let card = shown.get(text);
  if (card) {
    card.times += 1;
    card.count.textContent = `${card.times} times`;
    return;
  }
  card = make(text);
  shown.set(text, card);
  list.append(card.box);
  for (const [oldest, { box }] of shown) {
    if (shown.size <= MOST) break;
    box.remove();
    shown.delete(oldest);
  }
}

function make(text) {
  const box = document.createElement("section");
  const alert = document.createElement("p");
  const count = document.createElement("span");
  const dismiss = document.createElement("button");
  const details = document.createElement("pre");
  alert.setAttribute("role", "alert");
  alert.textContent = `This page failed: ${text.split("\n").at(-1)}`; // this is read aloud, the rest on demand
  details.textContent = text;
  details.tabIndex = 0; // it scrolls
  dismiss.textContent = "Dismiss";
  dismiss.addEventListener("click", () => {
    box.remove();
    shown.delete(text);
  });
  box.append(alert, details, dismiss, count);
  return { box, count, times: 1 };
}

// Until then, progress.js tells what fails.
document.addEventListener("page-ready", () => {
  window.addEventListener("error", (event) => show(event.error?.message?.trim() ?? event.message));
  window.addEventListener("unhandledrejection", (event) => show(String(event.reason?.message ?? event.reason).trim()));
});

// PyScript makes an element of each line on stderr, warnings too, and another one of what is an `error` event already.
new MutationObserver((changes) => {
  const added = changes.flatMap((change) => [...change.addedNodes]).filter((node) => node.matches?.(".py-error"));
  for (const node of added) node.remove();
  const text = added.map((node) => node.textContent).filter((line) => line.trim()).join("\n").trim();
  if (!text.includes("Traceback") || text.startsWith("Uncaught")) return;
  document.dispatchEvent(new Event("page-failed")); // loading is over
  show(text);
}).observe(document.body, { childList: true });
