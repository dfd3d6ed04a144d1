// Shows the progress of the boot. It only watches which of the files named in boot.json (written by the build) have
// arrived: wrapping their streams would lose V8's cache of the compiled WebAssembly.
//
// The page has one element with `data-boot`, with a <progress> and its <label> in it. The page's Python ends it with
// `document.dispatchEvent(Event.new("page-ready"))`.
const boot = document.querySelector("[data-boot]");
const bar = boot.querySelector("progress");
const label = boot.querySelector("label");

let missing = new Map(); // bytes by address
let total = 0;
let snapshot; // the address of the folder with the memory snapshot, if there is one
let over = false;

function progressed() {
  bar.value = total - [...missing.values()].reduce((sum, bytes) => sum + bytes, 0);
  if (missing.size) label.textContent = `Loading Python (${(total / 1e6).toFixed(1)} MB)…`;
  else {
    label.textContent = "Starting Python…";
    bar.removeAttribute("value"); // the duration is unknown
  }
}

function failed(reason) {
  stop();
  boot.setAttribute("role", "alert");
  label.textContent = `Python could not start: ${String(reason).replace(/\.?\s*$/, ".")} Reload the page to try again.`;
  bar.hidden = true;
}

const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!missing.has(entry.name)) continue;
    missing.delete(entry.name);
    if (snapshot && entry.name.startsWith(snapshot)) continue; // without one of these, Python starts in another way
    // A file that did not arrive has status 0; browsers that do not report the status have undefined.
    if (entry.responseStatus === 0 || entry.responseStatus >= 400) {
      const why = entry.responseStatus ? `the server answered ${entry.responseStatus}` : "the server cannot be reached";
      return failed(`loading ${entry.name} failed, ${why}`);
    }
  }
  progressed();
});

const onRejection = (event) => failed(event.reason?.message ?? event.reason);
const onError = (event) =>
  failed(event.error?.message ?? (event.message || `loading ${event.target.src ?? event.target.href} failed`));

function stop() {
  over = true;
  observer.disconnect();
  window.removeEventListener("unhandledrejection", onRejection);
  window.removeEventListener("error", onError, true);
}

window.addEventListener("unhandledrejection", onRejection);
window.addEventListener("error", onError, true); // capturing: the error of a script that fails to load does not bubble
// errors.js shows what the page's Python raises before it is ready, and dispatches page-failed.
for (const end of ["page-ready", "page-failed"]) {
  document.addEventListener(end, () => {
    stop();
    boot.hidden = true;
  });
}

const here = import.meta.url;
const sizes = await (await fetch(new URL("boot.json", here))).json();
missing = new Map(Object.entries(sizes).map(([file, bytes]) => [new URL(file, here).href, bytes]));
snapshot = [...missing.keys()].find((name) => name.endsWith("/boot.snapshot"))?.replace(/[^/]+$/, "");
total = bar.max = [...missing.values()].reduce((sum, bytes) => sum + bytes, 0);
if (!over) observer.observe({ type: "resource", buffered: true }); // reports what has arrived already, too
