// The cell of a notebook: a frame with the page of a bot, and a pipe between that page and the kernel.
//
// What the two say to each other is theirs (rtvi_web/notebook/messages.py). Here is checked who speaks: only this frame,
// only from the origin of the address that the kernel has named, and only in texts of bounded length.
const MAX_MESSAGE = 256_000; // characters
const PATIENCE = 60_000; // milliseconds that a page has to say that it is there
const SANDBOX = "allow-scripts allow-same-origin allow-forms allow-downloads"; // it cannot lead the notebook elsewhere

function render({ model, el }) {
  const view = crypto.getRandomValues(new Uint32Array(4)).join("-"); // the kernel may be shown in several places
  const note = document.createElement("p");
  const gone = new AbortController();
  let frame;
  let origin;
  let timer;

  const toKernel = (kind, text) => model.send({ view, kind, text });

  function say(text) {
    note.textContent = text;
    note.hidden = !text;
  }

  function close() {
    clearTimeout(timer);
    frame?.remove();
    frame = undefined;
  }

  function show(text) {
    const address = URL.canParse(text) ? new URL(text) : {};
    if (!["http:", "https:"].includes(address.protocol)) return say("The kernel gave no address of a face.");
    address.hash = "notebook";
    origin = address.origin;
    say("");
    close();
    frame = document.createElement("iframe");
    frame.allow = "microphone; camera; autoplay; display-capture";
    frame.referrerPolicy = "no-referrer";
    frame.sandbox = SANDBOX;
    frame.title = model.get("title");
    frame.style.cssText = "display: block; width: 100%; border: 0";
    frame.style.height = `${model.get("height")}px`;
    frame.src = address;
    el.append(frame);
    timer = setTimeout(() => {
      const mount = `mount(app, frame=["${location.origin}"])`;
      say(`The face at ${origin} says nothing. If it does not let this notebook show it, ${mount} does.`);
      toKernel("silent", origin);
    }, PATIENCE);
  }

  function fromKernel(message) {
    if (message?.view !== view || typeof message.text !== "string") return;
    if (message.kind === "show") show(message.text);
    if (message.kind === "page" && message.text.length <= MAX_MESSAGE) frame?.contentWindow.postMessage(message.text, origin);
    if (message.kind === "end") {
      close();
      say(message.text);
    }
  }

  function fromFrame(event) {
    if (!frame || event.source !== frame.contentWindow || event.origin !== origin) return;
    if (typeof event.data !== "string" || event.data.length > MAX_MESSAGE) return;
    clearTimeout(timer);
    say("");
    toKernel("page", event.data);
  }

  note.setAttribute("role", "status");
  el.append(note);
  say("The kernel looks for the face…");
  model.on("msg:custom", fromKernel);
  window.addEventListener("message", fromFrame, { signal: gone.signal });
  toKernel("open", location.origin);
  return () => {
    gone.abort();
    model.off("msg:custom", fromKernel);
    close();
    toKernel("close", "");
  };
}

export default { render };
