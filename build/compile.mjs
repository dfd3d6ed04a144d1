// Runs compile_archive.py on archives with Pyodide's own Python, because .pyc files must come from the very
// Python that will read them: node compile.mjs PYODIDE_FOLDER LIB_FOLDER INPUT OUTPUT [LIB_FOLDER INPUT OUTPUT …]
import { readFileSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [pyodideFolder, ...jobs] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(resolve(pyodideFolder, "pyodide.mjs")).href);
// Columns are for the carets under a traceback's source lines, and the archives have no sources.
const pyodide = await loadPyodide({ args: ["-X", "no_debug_ranges"] });
const compileArchive = pyodide.runPython(
  readFileSync(new URL("compile_archive.py", import.meta.url), "utf8") + "\ncompile_archive",
);
for (let i = 0; i < jobs.length; i += 3) {
  const [libFolder, input, output] = jobs.slice(i, i + 3);
  pyodide.FS.writeFile("/input", readFileSync(input));
  const modules = compileArchive("/input", "/output", libFolder);
  writeFileSync(output, pyodide.FS.readFile("/output"));
  console.log(`  compiled ${modules} modules of ${basename(input)}`);
}
