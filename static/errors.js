// Shows errors on the page: exceptions of the page's Python, with their traceback, and errors of scripts. They are in the
// console as well.
//
// The page has one element with `data-errors`. Errors arrive as window's `error` event (from reportError() and from
// listeners), as unhandled rejections, and as .py-error elements, which PyScript and loader.js make for top-level code.
const MOST = 5; // a handler can fail ten times a second
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
  alert.textContent = `This page failed: ${text.split("\n").at(-1)}`; // screen readers announce this line only
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

// Until then, progress.js shows what fails.
document.addEventListener("page-ready", () => {
  window.addEventListener("error", (event) => show(event.error?.message?.trim() ?? event.message));
  window.addEventListener("unhandledrejection", (event) => show(String(event.reason?.message ?? event.reason).trim()));
});

// PyScript makes an element for each line on stderr, warnings included, and one for what is already an `error` event.
new MutationObserver((changes) => {
  const added = changes.flatMap((change) => [...change.addedNodes]).filter((node) => node.matches?.(".py-error"));
  for (const node of added) node.remove();
  const text = added.map((node) => node.textContent).filter((line) => line.trim()).join("\n").trim();
  if (!text.includes("Traceback") || text.startsWith("Uncaught")) return;
  document.dispatchEvent(new Event("page-failed")); // loading is over
  show(text);
}).observe(document.body, { childList: true });
