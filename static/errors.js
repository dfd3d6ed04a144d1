// Shows on the page what fails in it: an exception of the page's Python with its traceback, wherever it was raised, or
// an error of a script. The console has it too.
//
// The page holds one element with `data-errors`. Errors come as window's `error` (reportError() and what a listener
// raises), as unhandled rejections, and as .py-error elements: PyScript and loader.js make those for top-level code.
const MOST = 5; // a handler may fail ten times a second
const list = document.querySelector("[data-errors]");
const shown = new Map(); // the cards by their text

function show(message) {
  const text = String(message).replace(/^Uncaught (\w*Error: )?(?=\w)/, "").trim();
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
  alert.append("This page failed: ", text.split("\n").at(-1), " ", count);
  details.textContent = text;
  details.tabIndex = 0; // it scrolls
  dismiss.textContent = "Dismiss";
  dismiss.addEventListener("click", () => {
    box.remove();
    shown.delete(text);
  });
  box.append(alert, details, dismiss);
  return { box, count, times: 1 };
}

// While Python loads, progress.js tells what fails.
document.addEventListener("page-ready", () => {
  window.addEventListener("error", (event) => show(event.error?.message ?? event.message));
  window.addEventListener("unhandledrejection", (event) => show(event.reason?.message ?? event.reason));
});

new MutationObserver((changes) => {
  for (const node of changes.flatMap((change) => [...change.addedNodes])) {
    if (!node.classList?.contains("py-error")) continue;
    node.remove();
    show(node.textContent);
  }
}).observe(document.body, { childList: true });
