// Restores Python from the snapshot: makes an instance of Pyodide that runs nothing, and fills its memory.
import { LateFile, idle, untilDone } from "./late.mjs";
import { loadPyodide } from "./loader.mjs";
import { fill, mount } from "./mount.mjs";

const MAGIC = 0x504e5352;
const PREFIX = 16;
const AFTER_READY = 300; // milliseconds: a page has something to do when its Python runs
const LONG_IMPORT = 25; // milliseconds
const STDLIB = "python_stdlib.zip";
const STDLIB_IN_PYTHON = "/lib/python314.zip";

/** Reads the snapshot's file: its header, the blocks of memory, and the small files. */
function read(buffer) {
  if (buffer.byteLength < PREFIX) throw new Error("the snapshot is truncated");
  const [magic, headerBytes, blockBytes, smallBytes] = new Uint32Array(buffer, 0, 4);
  if (magic !== MAGIC) throw new Error("the snapshot is of another kind");
  const blocksAt = PREFIX + headerBytes;
  const smallAt = blocksAt + blockBytes;
  if (buffer.byteLength !== smallAt + smallBytes) throw new Error("the snapshot is truncated");
  return {
    header: JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, PREFIX, headerBytes))),
    blocks: new Uint8Array(buffer, blocksAt, blockBytes),
    small: new Uint8Array(buffer, smallAt, smallBytes),
  };
}

/** Python as it was when the snapshot was taken, and of it what a stock boot with these options makes. */
export async function restore(options, { here, wasm, glue, lock, snapshot, mark }) {
  const { header, blocks, small } = read(await snapshot);
  const packages = await lock;
  checkWheels(header.wheels, packages.packages);
  mark("snapshot");
  let fail;
  const failed = new Promise((_, reject) => (fail = reject));
  const loading = loadPyodide({
    ...options,
    indexURL: here,
    lockFileURL: undefined,
    lockFileContents: packages,
    packageBaseUrl: here,
    packages: [], // see complete()
    stdLibURL: new Uint8Array(0),
    _loadSnapshot: new Uint8Array(PREFIX), // any: the module's own restoreSnapshot() is replaced
    _instantiateWasm: (jsvErrorImport) => (imports, done) => {
      instantiate(imports, wasm, jsvErrorImport).then(([instance, module]) => done(instance, module)).catch(fail);
      return {};
    },
    createPyodideModule: async (settings) => {
      const { default: factory } = await glue;
      const Module = await factory(settings);
      const API = Module.API;
      if (API.config.BUILD_ID !== header.buildId) throw new Error("the snapshot is of another build of Pyodide");
      API.restoreSnapshot = () => {
        fillMemory(Module, header, blocks);
        return header.hiwire;
      };
      const expectedKeys = API.getExpectedKeys;
      // Pyodide restores an empty object for the last one, and is none the wiser of what is loaded afterwards.
      API.getExpectedKeys = () => expectedKeys().with(6, API.public_api.loadedPackages);
      return Module;
    },
  });
  loading.catch(() => {}); // if it fails after `failed`
  const pyodide = await Promise.race([loading, failed]);
  mark("restored");
  await complete(pyodide, options.packages ?? [], { header, small, lock: packages, here, mark });
  return pyodide;
}

/** The lock may name other wheels than those that the snapshot was made of: sources that have changed since. */
function checkWheels(wheels, packages) {
  for (const [name, { sha256 }] of Object.entries(wheels)) {
    if (packages[name]?.sha256 !== sha256) throw new Error(`it was taken with another ${name}`);
  }
}

async function instantiate(imports, wasm, jsvErrorImport) {
  const { Jsv_GetError_import, JsvError_Check } = await jsvErrorImport();
  Object.assign(imports.env, { Jsv_GetError_import, JsvError_Check });
  const module = await wasm;
  return [await WebAssembly.instantiate(module, imports), module];
}

function fillMemory(Module, { heap, block, runs }, blocks) {
  if (heap > Module.HEAPU8.length && !Module.growMemory(heap)) throw new Error("there is not enough memory");
  // The address of a function that was compiled in this page; addresses in the snapshot are of the page that it was taken in.
  const trampoline = (Module.HEAP32[Module.__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET >> 2] + Module.__PyRuntime) >> 2;
  const address = Module.HEAP32[trampoline];
  const memory = Module.HEAPU8;
  let to = 0;
  let from = 0;
  for (let i = 0; i < runs.length; i += 2) {
    to += runs[i] * block;
    const bytes = runs[i + 1] * block;
    memory.set(blocks.subarray(from, from + bytes), to);
    to += bytes;
    from += bytes;
  }
  Module.HEAP32[trampoline] = address;
}

/** Gives restored Python the packages, and what each page has of its own. */
async function complete(pyodide, asked, { header, small, lock, here, mark }) {
  const { FS } = pyodide;
  const file = (path) => new LateFile(path, new URL(path, here), FS, mark);
  const stdlib = file(STDLIB);
  fill(FS.lookupPath(STDLIB_IN_PYTHON).node, header.stdlibBytes, stdlib.bytes);
  const names = asked.map(normalized);
  const wheels = new Map(); // what waits for a wheel, by its name
  for (const name of withRequirements(names, lock.packages)) {
    if (name in header.wheels) wheels.set(name, install(pyodide, name, header, file));
  }
  const arrive = () => {
    const all = Promise.all([stdlib.arrive(), ...[...wheels.values()].map((arrival) => arrival())]);
    all.catch(() => {}); // it is for Python to say, if it waits
    return all;
  };
  const ours = wheels.has(header.ours);
  if (ours) mount(FS, header.sitePackages, header.small, () => small);
  refresh(pyodide, header.fresh, ours ? arrive : undefined);
  const further = asked.filter((_, index) => !wheels.has(names[index]));
  // What a page asks for by name it uses at once; to load packages is to look through the standard library.
  if (names.some((name) => name !== header.ours && wheels.has(name))) await arrive();
  else if (further.length) await stdlib.arrive();
  if (further.length) await pyodide.loadPackage(further, { messageCallback() {} });
  mark("ready");
  setTimeout(() => later(pyodide, arrive, ours ? header.later : [], mark), AFTER_READY);
}

/** In idle time: loads what is late, and imports what connect() needs. If it fails, connect() says so. */
async function later({ _api: API }, arrive, modules, mark) {
  await idle();
  try {
    await arrive();
    let pause;
    for (const module of modules) {
      if (!(pause?.timeRemaining() > LONG_IMPORT)) pause = await idle();
      API.importlib.import_module(module).destroy();
    }
    mark("later");
  } catch {
    return;
  }
}

/** Puts the files of a wheel in their place, as loadPackage() does. Returns a function that waits until they are here. */
function install(pyodide, name, header, file) {
  const { FS, _api: API } = pyodide;
  const { path, files, info, distribution } = header.wheels[name];
  const wheel = file(path);
  mount(FS, header.sitePackages, files, wheel.bytes);
  FS.mkdirTree(`${header.sitePackages}/${info}`);
  FS.writeFile(`${header.sitePackages}/${info}/INSTALLER`, "pyodide.loadPackage");
  FS.writeFile(`${header.sitePackages}/${info}/PYODIDE_SOURCE`, "pyodide");
  for (const known of [name, distribution]) pyodide.loadedPackages[known] = "default channel";
  const libraries = files.map(([path]) => path).filter((path) => path.endsWith(".so"));
  return untilDone(async () => {
    await wheel.arrive();
    for (const library of libraries) await API.loadDynlib(`${header.sitePackages}/${library}`);
  });
}

const normalized = (name) => name.toLowerCase().replace(/[-_.]+/g, "-");

function withRequirements(names, packages) {
  const found = new Set();
  const add = (name) => {
    if (!packages[name] || found.has(name)) return;
    found.add(name);
    packages[name].depends.forEach(add);
  };
  names.forEach(add);
  return found;
}

/** Gives Python the page's time zone, language and so on: see fresh.py. */
function refresh({ _module: Module, _api: API, toPy }, source, arrive) {
  const pointers = [0, 4].map((offset) => Module.HEAPU32[(Module._tzname + offset) >> 2]);
  Module.__tzset_js(Module._timezone, Module._daylight, ...pointers);
  const names = toPy(pointers.map((pointer) => Module.UTF8ToString(pointer)));
  const function_ = API.runPythonInternal(source);
  const language = `${(navigator.language ?? "C").replace("-", "_")}.UTF-8`;
  const year = new Date().getFullYear();
  const summer = Math.min(...[0, 6].map((month) => new Date(year, month, 1).getTimezoneOffset())) * 60;
  const [winter, daylight] = [Module._timezone, Module._daylight].map((pointer) => Module.HEAP32[pointer >> 2]);
  function_(winter, summer, daylight, names, language, navigator.userAgent, arrive);
  function_.destroy();
  names.destroy();
}
