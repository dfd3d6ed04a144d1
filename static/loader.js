// Runs the page's <script type="py"> elements on Pyodide, with rtvi-web at hand: what PyScript does with them, without
// PyScript, and under a Content-Security-Policy that allows no blob and no eval. Swap one script tag for the other;
// the page's Python then imports from `js`, not from `pyscript`.
//
// Each script may have `src`, and `config` as JSON, of which `packages` counts. They run in the page's order in one
// namespace, may await at top level, and an exception is shown in the page with its traceback.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const FALLBACK_NAME = "page.py";

function showError(script, error) {
  console.error(error);
  const box = document.createElement("pre");
  box.className = "py-error";
  box.setAttribute("role", "alert");
  box.textContent = error.message;
  if (script.parentElement === document.head) document.body.append(box);
  else script.after(box);
}

async function sourceOf(script) {
  if (!script.src) return script.textContent;
  const response = await fetch(script.src);
  if (!response.ok) throw new Error(`Loading ${script.src} failed: ${response.status} ${response.statusText}`);
  return response.text();
}

const scripts = [...document.querySelectorAll('script[type="py"]')];
const packages = new Set(["rtvi-web"]);
for (const script of scripts) {
  for (const name of JSON.parse(script.getAttribute("config") ?? "{}").packages ?? []) packages.add(name);
}

// Errors here, before any Python runs, surface as unhandled rejections, which progress.js shows.
const [pyodide, sources] = await Promise.all([
  loadPyodide({ packages: [...packages] }),
  Promise.all(scripts.map(sourceOf)),
]);
for (const [index, script] of scripts.entries()) {
  const filename = script.src ? new URL(script.src).pathname.split("/").pop() : script.id || FALLBACK_NAME;
  try {
    await pyodide.runPythonAsync(sources[index], { filename });
  } catch (error) {
    showError(script, error);
  }
}
document.dispatchEvent(new Event("py:all-done")); // as PyScript does
