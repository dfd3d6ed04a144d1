// Runs the page's <script type="py"> elements on Pyodide with rtvi-web, as PyScript does, but without PyScript and under
// a Content-Security-Policy that allows neither blobs nor eval. Replace PyScript's script tag by this one; the page's
// Python must import from `js`, not from `pyscript`.
//
// A script may have `src`, and `config` as JSON; `packages` (names, or addresses of wheels) and `files` (address: path)
// are read from it. Scripts run in the order of the page, in one namespace, and may await at top level. An exception is
// shown on the page with its traceback.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const FALLBACK_NAME = "<script>"; // in tracebacks

function showError(script, error) {
  console.error(error);
  const box = document.createElement("pre");
  box.className = "py-error";
  box.setAttribute("role", "alert");
  box.textContent = error.message;
  if (script.parentElement === document.head) document.body.append(box);
  else script.after(box);
}

async function load(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Loading ${url} failed: ${response.status} ${response.statusText}`);
  return response.text();
}

const scripts = [...document.querySelectorAll('script[type="py"]')];
const configs = scripts.map((script) => JSON.parse(script.getAttribute("config") ?? "{}"));
const packages = new Set(["rtvi-web", ...configs.flatMap((config) => config.packages ?? [])]);
const isWheel = (name) => name.endsWith(".whl");
const found = [...packages].map((name) => (isWheel(name) ? new URL(name, document.baseURI).href : name));
const files = configs.flatMap((config) => Object.entries(config.files ?? {}));

// Errors before any Python runs become unhandled rejections, which progress.js shows.
const [pyodide, sources, contents] = await Promise.all([
  loadPyodide({ packages: found }),
  Promise.all(scripts.map((script) => (script.src ? load(script.src) : script.textContent))),
  Promise.all(files.map(([url]) => load(url))),
]);
for (const [index, [, path]] of files.entries()) pyodide.FS.writeFile(path, contents[index]);
for (const [index, script] of scripts.entries()) {
  const filename = script.src ? new URL(script.src).pathname.split("/").pop() : script.id || FALLBACK_NAME;
  try {
    await pyodide.runPythonAsync(sources[index], { filename });
  } catch (error) {
    showError(script, error);
  }
}
document.dispatchEvent(new Event("py:all-done")); // as PyScript does
