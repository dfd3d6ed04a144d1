// Takes the snapshot with the Pyodide of the site, under Node: node take.mjs JOB.json (see make.py, which writes the job).
// The job names the files, and what is to be mounted. It writes HEAP, INITIAL_HEAP and a JSON file with the rest.
import crypto from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { mount } from "./page/mount.mjs";

process.on("uncaughtException", (error) => {
  console.error(error.message); // without the line of Pyodide's code, which has a megabyte
  process.exit(1);
});
const job = JSON.parse(readFileSync(process.argv[2], "utf8"));
// Node 20 has no JSPI, and the snapshot is for browsers that have: Pyodide only looks whether the names are there.
WebAssembly.Suspending ??= function (f) {
  return f;
};
WebAssembly.promising ??= (f) => f;
// Newer versions of Node say a language here, which would become a variable of the environment.
Object.defineProperty(globalThis, "navigator", { value: undefined, configurable: true });
// The same sources give the same snapshot: it is compressed once, and browsers that have it keep it. What is random or a
// time in it, each page makes anew (see page/fresh.py).
crypto.randomFillSync = (view) => {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 167 + 13) & 0xff;
  return view;
};
let now = Date.UTC(2026, 0, 1);
Date.now = () => (now += 1000); // folders change, which Python notices by the time
performance.now = () => 1000;
const { loadPyodide } = await import(pathToFileURL(`${job.pyodide}/pyodide.mjs`).href);
const { default: factory } = await import(pathToFileURL(`${job.pyodide}/pyodide.asm.mjs`).href);
const options = {
  _sysExecutable: "./this.program", // as in a browser
  stdLibURL: job.stdlib,
  packageBaseUrl: "/nowhere/",
};
const lock = () => ({ info: job.lockInfo, packages: {} });

/** The memory of an instance that has started and has run no Python. */
async function initialHeap() {
  let heap;
  const stop = new Error("enough");
  const createPyodideModule = async (settings) => {
    const Module = await factory({ ...settings, noInitialRun: true });
    heap = Module.HEAPU8.slice();
    throw stop;
  };
  await loadPyodide({ ...options, lockFileContents: lock(), createPyodideModule }).catch((error) => {
    if (error !== stop) throw error;
  });
  return heap;
}

/** Overwrites free memory, which holds what was there before: it is not needed, and it does not compress. */
function wipeFreeMemory(Module) {
  const top = Module._sbrk(0);
  const pieces = [];
  for (let size = 1 << 20; size >= 24; size = size > 4096 ? size >> 1 : size - 8) {
    for (let misses = 0; misses < 2; ) {
      const piece = Module._malloc(size);
      if (!piece) break;
      pieces.push(piece);
      if (piece + size > top) misses += 1;
      else Module.HEAPU8.fill(0, piece, piece + size);
    }
  }
  for (const piece of pieces) Module._free(piece);
}

const initial = await initialHeap();
const pyodide = await loadPyodide({ ...options, lockFileContents: lock(), _makeSnapshot: true });
const { FS, _module: Module, _api: API } = pyodide;
for (const { path, files } of job.wheels) {
  const bytes = readFileSync(path);
  mount(FS, job.sitePackages, files, () => bytes);
}
const namespace = pyodide.runPython("{}");
pyodide.runPython(readFileSync(job.prelude, "utf8"), { globals: namespace });
namespace.destroy();
const modules = pyodide.runPython(`
import gc, sys
sys.path.remove("")  # loadPyodide() puts it there
for path in [path for path in sys.path_importer_cache if not path.endswith(".zip")]:
    del sys.path_importer_cache[path]  # it knows the files of this moment
del path
list(sys.modules)`).toJs();
pyodide.runPython(`
del gc, sys
import gc; gc.collect(); del gc`);
wipeFreeMemory(Module);
const hiwire = API.serializeHiwireState((object) => {
  throw new Error(`${job.prelude} has left a JavaScript object in Python, which no other page has: ${object}`);
});
writeFileSync(job.heap, Module.HEAPU8);
writeFileSync(job.initialHeap, initial);
// From here on it may hold what no snapshot can.
for (const { path, files } of job.lateWheels) {
  const bytes = readFileSync(path);
  mount(FS, job.sitePackages, files, () => bytes);
}
const later = pyodide.runPython(readFileSync(new URL("later.py", import.meta.url), "utf8")).toJs();
writeFileSync(job.result, JSON.stringify({ buildId: API.config.BUILD_ID, hiwire, modules, later }));
process.exit(0); // at once: Pyodide keeps the process alive
