// Files that a page does not need until it is ready: they come in idle time, or when somebody waits for them.
// Python that reads one earlier waits for it as it would for a disk, with a synchronous request.

const IO_ERROR = 29;
const PATIENCE = 15; // seconds without a byte of any file: a slow network is no failure

let chunks = 0; // that have come, of all files

/** A function that does what `work()` does, once, and again only after it has failed. */
export function untilDone(work) {
  let doing;
  return () =>
    (doing ??= work().catch((error) => {
      doing = undefined;
      throw error;
    }));
}

export class LateFile {
  #path;
  #address;
  #FS;
  #mark;
  #bytes;

  constructor(path, address, FS, mark) {
    this.#path = path;
    this.#address = address;
    this.#FS = FS;
    this.#mark = mark;
  }

  /** The contents, at once. */
  bytes = () => (this.#bytes ??= this.#request());

  /** Resolves when the contents are here. */
  arrive = untilDone(async () => {
    if (this.#bytes) return;
    const bytes = await this.#download();
    this.#bytes ??= bytes;
    this.#mark(`late:${this.#path}`);
  });

  /** Fails when nothing comes any more. Seconds are counted one by one: a computer that slept has waited for one. */
  async #download() {
    const stop = new AbortController();
    let seen = chunks;
    let silent = 0;
    const watch = setInterval(() => {
      silent = seen === chunks ? silent + 1 : 0;
      seen = chunks;
      if (silent === PATIENCE) stop.abort();
    }, 1000);
    try {
      const response = await fetch(this.#address, { priority: "low", signal: stop.signal });
      if (!response.ok) throw new Error(`${this.#path} could not be loaded: ${response.status}`);
      const count = (chunk, controller) => {
        chunks += 1;
        controller.enqueue(chunk);
      };
      const body = response.body.pipeThrough(new TransformStream({ transform: count }));
      return new Uint8Array(await new Response(body).arrayBuffer());
    } catch (error) {
      throw stop.signal.aborted ? new Error(`nothing of ${this.#path} came for ${PATIENCE} s`) : error;
    } finally {
      clearInterval(watch);
    }
  }

  #request() {
    this.#mark(`synchronous:${this.#path}`);
    const request = new XMLHttpRequest();
    request.open("GET", this.#address, false);
    request.overrideMimeType("text/plain; charset=x-user-defined"); // a character for each byte: no other way is allowed
    try {
      request.send();
    } catch {
      throw new this.#FS.ErrnoError(IO_ERROR);
    }
    if (request.status !== 200) throw new this.#FS.ErrnoError(IO_ERROR);
    return Uint8Array.from(request.responseText, (character) => character.charCodeAt(0) & 0xff);
  }
}

/** Resolves when the page has nothing to do, or after a while, with the IdleDeadline, where there is one. */
export const idle = () =>
  new Promise((resolve) => (globalThis.requestIdleCallback ?? setTimeout)(resolve, { timeout: 1000 }));
