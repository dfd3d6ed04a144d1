// Defines <rtvi-bot>, a bot in any page: docs/tag.md describes its attributes, methods and events.
//
// A click loads Python, once for all tags, which puts the face into the tag's shadow root (rtvi_web/tag.py).
const base = new URL(".", import.meta.url);
let python; // the promise of the page's one Python

async function loadPython() {
  try {
    const { loadPyodide } = await import(new URL("pyodide/pyodide.mjs", base));
    return await loadPyodide({ packages: ["rtvi-web"] });
  } catch (error) {
    python = undefined;
    throw error;
  }
}

const style = new CSSStyleSheet();
style.replaceSync(`
:host { display: block; --a: var(--rtvi-accent, light-dark(#5b3fd0, #b3a4ff));
  --on: var(--rtvi-on-accent, oklch(from var(--a) clamp(0, (0.57 - l) * 1000, 1) 0 0)); }
:host([hidden]) { display: none; }
:host([data-layout="panel"]) { height: 100%; }
.card, .notice, .place { all: initial; display: block; color-scheme: inherit; visibility: inherit;
  overflow-wrap: anywhere; }
.place:empty, .launcher .title { display: none; }
.place { height: 100%; }
.card, .notice, .launcher p:not(:empty) { box-sizing: border-box; padding: 1.25rem; border-radius: 1rem; color: CanvasText; background: Canvas;
  border: 1px solid light-dark(#d5d2de, #4d495c); font: 1rem/1.45 var(--rtvi-font, system-ui, sans-serif);
  max-width: 44rem; margin-inline: auto; }
.card, .launcher { display: grid; gap: 0.75rem; justify-items: center; text-align: center; }
.card p { margin: 0; }
.title { font-weight: 650; font-size: 1.15rem; }
.notice { position: relative; z-index: 2; margin-block: 0.5rem; padding: 0.75rem 1rem; border-color: light-dark(#cf3a3a, #ff8a80); }
.card button { min-height: 2.75rem; min-width: 7.5rem; padding: 0.4rem 0.9rem; border: 1px solid #0000; border-radius: 0.6rem;
  font: inherit; font-weight: 600; color: var(--on); background: var(--a); cursor: pointer; }
.card :focus-visible { outline: 3px solid var(--a); outline-offset: 2px; }
.launcher { --x: calc(4.5rem * var(--rtvi-slot)); position: fixed; z-index: 2147483000; justify-items: end;
  inset-block-end: max(1rem, env(safe-area-inset-bottom)); inset-inline-end: calc(1rem + var(--x)); }
.launcher .card { border: 0; padding: 0; background: none; }
.launcher .card button { min-width: 0; width: 3.75rem; height: 3.75rem; padding: 0; border-radius: 50%; font-size: 1.3rem;
  box-shadow: 0 2px 6px #0003, 0 8px 24px -6px #0006; }
.launcher p:not(:empty) { max-width: 16rem; padding: 0.6rem 0.9rem; text-align: start; }
.launcher > p { margin-bottom: 4.5rem; margin-inline-end: calc(-1 * var(--x)); }
.full { position: fixed; inset: 0; z-index: 1; max-width: none; align-content: center; border: 0; border-radius: 0; }
.card svg { width: 1.35em; fill: none; stroke: currentColor; stroke-width: 1.8; }
@media (prefers-reduced-motion: no-preference) { .card [aria-busy="true"] { animation: busy 0.9s infinite alternate; } }
@keyframes busy { to { opacity: 0.45; } }`);

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

class RTVIBot extends HTMLElement {
  #root = this.attachShadow({ mode: "open" });
  #attached; // the promise of the face, once asked for
  #place;
  #button;
  #status;
  #notice;
  #watch;
  #state = "idle";

  get state() {
    return this.#state;
  }

  connectedCallback() {
    if (this.#place) return;
    this.#root.adoptedStyleSheets = [style];
    this.#place = make("div", { className: "place" });
    this.#notice = make("p", { className: "notice", role: "alert" });
    this.#root.replaceChildren(this.#invitation(), this.#place);
    if (this.dataset.color) this.style.setProperty("--rtvi-accent", this.dataset.color);
    if (this.#layout === "launcher") {
      let slot = 0; // beside the page's other floating buttons
      while (document.querySelector(`[style*="--rtvi-slot: ${slot};"]`)) slot++;
      this.style.setProperty("--rtvi-slot", slot);
    }
    this.#watch = new AbortController();
    const options = { signal: this.#watch.signal };
    document.addEventListener("securitypolicyviolation", (event) => this.#refused(event), options);
    for (const name of ["state", "transcript", "problem"]) {
      this.#place.addEventListener(`rtvi-${name}`, ({ detail }) => this.#tell(name, detail), options);
    }
    const preload = () => (python ??= loadPython()).catch(() => {}); // a click tries again and says why
    if (this.dataset.preload === "idle") (window.requestIdleCallback ?? setTimeout)(preload);
    if (this.dataset.preload === "hover") {
      for (const near of ["pointerenter", "focusin"]) this.addEventListener(near, preload, options);
    }
  }

  async disconnectedCallback() {
    await null; // it may only be moved
    if (this.isConnected || !this.#place) return;
    this.#watch.abort();
    this.#command("leave");
    this.style.removeProperty("--rtvi-slot");
    this.#place = this.#attached = undefined;
    this.#tell("state", { state: "idle" });
  }

  async start() {
    await this.#face();
    this.#command("start");
  }

  async stop() {
    await this.#attached?.then(() => this.#command("stop"));
  }

  async send(text) {
    await this.#face();
    this.#command("send", text);
  }

  async open() {
    await this.#face();
    this.#command("open");
  }

  async close() {
    await this.#attached?.then(() => this.#command("close"));
  }

  get #layout() {
    const { layout } = this.dataset;
    return ["panel", "full", "launcher"].includes(layout) ? layout : "inline";
  }

  get #title() {
    return this.dataset.title || "Talk to the bot";
  }

  #invitation() {
    const launcher = this.#layout === "launcher";
    this.#status = make("p", { role: "status" });
    this.#button = make("button", { onclick: () => (launcher ? this.open() : this.start()).catch(() => {}) });
    if (launcher) {
      const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
      svg.setAttribute("viewBox", "0 0 24 24");
      path.setAttribute("d", "M4 5h16v11H10l-5 4v-4H4zM9 9v3M12 8v5M15 9v3");
      svg.append(path);
      this.#button.append(svg);
      this.#button.ariaLabel = this.#title;
    } else this.#button.textContent = "Start";
    const title = make("p", { className: "title" }, this.#title);
    const card = make("div", { className: `card ${this.#layout}` }, title, this.#status, this.#button);
    return make("div", { className: launcher ? "launcher" : "" }, card);
  }

  #face() {
    const place = this.#place;
    return (this.#attached ??= this.#attach(place, this.#button).catch((error) => {
      if (place !== this.#place) throw error;
      this.#command("leave"); // data-script has failed
      this.#attached = undefined;
      this.#busy("");
      const reason = String(error?.message ?? error).trim().split("\n").at(-1).replace(/^rtvi\S+ /, "");
      this.#say(`The bot could not be loaded: ${reason.replace(/\.?$/, ".")} Try again.`);
      this.#tell("state", { state: "idle" });
      throw error;
    }));
  }

  async #attach(place, button) {
    const { bot, mic, script, transport } = this.dataset;
    if (!bot) throw new Error("the tag has no data-bot, the address that starts a bot");
    this.#say("");
    this.#busy("Loading Python…");
    this.#tell("state", { state: "loading" });
    const [pyodide, source] = await Promise.all([(python ??= loadPython()), script && text(absolute(script))]);
    if (place !== this.#place) throw new Error("the tag was removed");
    const module = pyodide.pyimport("rtvi_web.tag");
    const options = { bot: absolute(bot).href, layout: this.#layout, title: this.#title, worklets: `${base}worklets/`,
      mic: mic || "on", transport: transport || "webrtc" };
    const names = module.attach.callKwargs(place, options);
    module.destroy();
    try {
      if (source) await pyodide.runPythonAsync(source, { globals: names, filename: script.split("/").pop() });
    } finally {
      names.destroy();
    }
    const focused = button.matches(":focus");
    button.closest(".card").remove();
    if (focused) place.querySelector(".rtvi-start button").focus();
  }

  #busy(words) {
    this.#status.textContent = words;
    this.#button.ariaBusy = !!words;
  }

  #say(words, place) {
    this.#notice.textContent = words;
    if (words) (place ?? this.#root.firstChild).prepend(this.#notice);
    else this.#notice.remove();
  }

  #command(name, value = "") {
    this.#place?.dispatchEvent(new CustomEvent("rtvi-command", { detail: { name, value } }));
  }

  #tell(name, detail) {
    if (name === "state") this.#state = detail.state;
    this.dispatchEvent(new CustomEvent(`rtvi-${name}`, { detail, bubbles: true, composed: true }));
  }

  // The page's policy has refused this.
  #refused({ blockedURI, effectiveDirective }) {
    const ours = [base, absolute(this.dataset.bot || ".")].map(({ host }) => host);
    const { host, origin } = URL.canParse(blockedURI) ? new URL(blockedURI) : {};
    const needed = /^(wasm-)?eval/.test(blockedURI) ? "'wasm-unsafe-eval'" : ours.includes(host) && origin;
    if (/^(idle|disconnect)/.test(this.#state) || !needed) return;
    const words = `This page's Content-Security-Policy keeps the bot out: its ${effectiveDirective} needs ${needed}.`;
    this.#say(words, this.#place.querySelector(":not([hidden]) > * > .rtvi-problems"));
  }
}

const absolute = (address) => new URL(address, document.baseURI);

async function text(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} returned ${answer.status}`);
  return answer.text();
}

if (!customElements.get("rtvi-bot")) customElements.define("rtvi-bot", RTVIBot);

for (const script of document.querySelectorAll("script[data-bot]")) {
  if (script.src !== import.meta.url) continue;
  const bot = make("rtvi-bot");
  Object.assign(bot.dataset, { layout: "launcher", ...script.dataset });
  document.body.append(bot);
}
