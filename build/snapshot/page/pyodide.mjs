// What rtvi_web has in place of Pyodide's pyodide.mjs: `loadPyodide` and `version`, as its users know them. Python is
// restored from a memory snapshot that holds rtvi_web imported. Where that is not possible, and when options ask for
// another interpreter, stock.mjs starts it.
//
// What is needed begins to load when this module is evaluated, however late loadPyodide() is called.
const here = new URL(".", import.meta.url).href;
const mark = (name) => performance.mark(`rtvi-web:${name}`);

/** What a page may ask for with the snapshot. Any other option makes another interpreter, or another file system. */
const SAME_INTERPRETER = {
  indexURL: (url) => new URL(`${url}/`, location.href).href.replace(/\/+$/, "/") === here,
  lockFileURL: (url) => url === `${here}pyodide-lock.json`,
  packageBaseUrl: (url) => url === here || `${url}/` === here,
  packages: Array.isArray,
  jsglobals: (object) => object === globalThis,
  env: (variables) => Object.keys(variables).length === 0,
  args: (list) => list.length === 0,
  stdin: () => true,
  stdout: () => true,
  stderr: () => true,
  fullStdLib: () => true, // has no effect
  checkAPIVersion: (check) => check === true,
  enableRunUntilComplete: (enable) => enable === true,
};

const parts = begin();

function begin() {
  // Restored Python may be suspended, and the snapshot was taken by one that may be.
  if (!("Suspending" in WebAssembly)) return undefined;
  const get = async (path) => {
    const response = await fetch(new URL(path, here));
    if (!response.ok) throw new Error(`${path} could not be loaded: ${response.status}`);
    return response;
  };
  const parts = {
    here,
    mark,
    wasm: WebAssembly.compileStreaming(get("pyodide.asm.wasm")),
    glue: import("./pyodide.asm.mjs"),
    lock: get("pyodide-lock.json").then((response) => response.json()),
    snapshot: get("@FOLDER@/boot.snapshot").then((response) => response.arrayBuffer()),
    restore: import("./@FOLDER@/restore.mjs"),
  };
  for (const part of [parts.wasm, parts.glue, parts.lock, parts.snapshot, parts.restore]) part.catch(() => {}); // said later
  mark("begun");
  return parts;
}

/** Why these options cannot have the snapshot, if so. */
function obstacle(options) {
  if (!parts) return "this browser has no JavaScript Promise Integration";
  const other = Object.keys(options).find((name) => {
    try {
      return !SAME_INTERPRETER[name]?.(options[name]);
    } catch {
      return true; // such as `env: undefined`: Pyodide itself says what is wrong
    }
  });
  return other && `the option ${other} asks for another Python`;
}

export const version = "@VERSION@";

export async function loadPyodide(options = {}) {
  const reason = obstacle(options);
  if (reason) return stock(options, reason);
  try {
    const { restore } = await parts.restore;
    return await restore(options, parts);
  } catch (error) {
    return stock(options, String(error?.message ?? error));
  }
}

async function stock(options, reason) {
  console.info(`Python starts without its snapshot: ${reason}`);
  const { loadPyodide } = await import("./stock.mjs");
  mark("stock");
  return loadPyodide(options);
}
