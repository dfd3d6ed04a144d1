// Runs the page's <script type="py"> elements on Pyodide with rtvi-web, as PyScript does, but without PyScript and under
// a Content-Security-Policy that allows neither blobs nor eval. Replace PyScript's script tag by this one; the page's
// Python must import from `js`, not from `pyscript`.
//
// A script may have `src`, and `config` as JSON; `packages` (names, or addresses of wheels) and `files` (address: path)
// are read from it. Scripts run in the order of the page, in one namespace, and may await at top level. An exception is
// shown on the page with its traceback; what keeps Python from starting, and what only PyScript can do, in a sentence.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const FALLBACK_NAME = "<script>"; // in tracebacks
const ONLY_PYSCRIPT = {
  'script[type="mpy"], mpy-script, mpy-config':
    'rtvi_web cannot run on MicroPython, which has no pydantic: write <script type="py">.',
  'script[type="py"][worker]':
    "This page's script has the attribute `worker`: remove it. Workers have neither a page nor a microphone nor WebRTC.",
  "py-script, py-config": 'loader.js runs <script type="py"> alone: write your Python there, and its `config` as JSON.',
};

function showError(text, script) {
  const box = document.createElement("pre");
  box.className = script ? "py-error" : "page-error"; // errors.js takes the first and shows it in its own way
  box.setAttribute("role", "alert");
  box.style.whiteSpace = "pre-wrap";
  box.textContent = text;
  if (script && script.parentElement !== document.head) script.after(box);
  else document.body.append(box);
}

async function load(url) {
  const response = await fetch(url).catch(({ message }) => {
    throw new Error(`Loading ${url} failed: ${message}. Its server is down, or does not let this page read it (CORS).`);
  });
  if (!response.ok) throw new Error(`Loading ${url} failed: ${response.status} ${response.statusText}`);
  return response.text();
}

function configOf(script) {
  const text = script.getAttribute("config") ?? "{}";
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(
      `loader.js reads a script's \`config\` as JSON, which this is not: ${text} (PyScript reads TOML and files.)`,
    );
  }
}

function sentence({ message }) {
  const missing = /^No known package with name '(.*)'/.exec(message)?.[1];
  if (!missing) return message;
  return (
    `This site has no package ${missing}, and loader.js asks no other: name the address of its wheel ` +
    "(https://…/name-1.0-py3-none-any.whl) in `packages`."
  );
}

const isWheel = (name) => name.endsWith(".whl");
const normalized = (name) => name.toLowerCase().replace(/[-_.]+/g, "-");
const projectOf = (name) => normalized(isWheel(name) ? name.split("/").pop().split("-")[0] : name);

// Pyodide goes on without what it could not load, and says so in the console only.
async function checkLoaded(packages, { loadedPackages }) {
  const loaded = new Set(Object.keys(loadedPackages).map(normalized));
  for (const name of packages.filter((name) => !loaded.has(projectOf(name)))) {
    if (!isWheel(name)) throw new Error(`This site's package ${name} was not loaded: copy the whole site again.`);
    await load(name); // says what the server answers
    throw new Error(`Loading ${name} failed: this is not a wheel that Pyodide can install. Build or copy it again.`);
  }
}

async function start(scripts) {
  const configs = scripts.map(configOf);
  const packages = new Set(["rtvi-web", ...configs.flatMap((config) => config.packages ?? [])]);
  const found = [...packages].map((name) => (isWheel(name) ? new URL(name, document.baseURI).href : name));
  const files = configs.flatMap((config) => Object.entries(config.files ?? {}));
  const [pyodide, sources, contents] = await Promise.all([
    loadPyodide({ packages: found }),
    Promise.all(scripts.map((script) => (script.src ? load(script.src) : script.textContent))),
    Promise.all(files.map(([url]) => load(url))),
  ]);
  await checkLoaded(found, pyodide);
  for (const [index, [, path]] of files.entries()) pyodide.FS.writeFile(path, contents[index]);
  return [pyodide, sources];
}

for (const [selector, text] of Object.entries(ONLY_PYSCRIPT)) {
  if (document.querySelector(selector)) showError(text);
}
const scripts = [...document.querySelectorAll('script[type="py"]:not([worker])')];
const [pyodide, sources] = await start(scripts).catch((error) => {
  const text = sentence(error);
  if (!document.querySelector("[data-boot]")) showError(`Python could not start: ${text}`);
  throw new Error(text, { cause: error }); // an unhandled rejection: progress.js shows it in that element
});
for (const [index, script] of scripts.entries()) {
  const filename = script.src ? new URL(script.src).pathname.split("/").pop() : script.id || FALLBACK_NAME;
  try {
    await pyodide.runPythonAsync(sources[index], { filename });
  } catch (error) {
    console.error(error);
    showError(error.message, script);
  }
}
document.dispatchEvent(new Event("py:all-done")); // as PyScript does
