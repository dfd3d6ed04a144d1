// Says on the page what its Content-Security-Policy has refused, and which option lifts it.
//
// The page has one element with `data-errors`.
const list = document.querySelector("[data-errors]");
const said = new Set();

function sentence({ effectiveDirective, blockedURI }) {
  const kind = effectiveDirective.replace(/-(src|elem|attr).*$/, "");
  if (effectiveDirective === "connect-src" && blockedURI.includes("://")) {
    const { protocol, host } = new URL(blockedURI);
    const origin = `${protocol}//${host}`;
    return (
      `This page's policy does not let it connect to ${origin}. mount(app, connect=["${origin}"]) lets it, ` +
      `and so does rtvi-web console --connect ${origin}.`
    );
  }
  const what = blockedURI.includes("://") ? new URL(blockedURI).origin : blockedURI;
  return (
    `This page's policy refuses a ${kind} (${what}): it takes them from its own server only, and no option lifts that. ` +
    "Make a page of your own for it."
  );
}

document.addEventListener("securitypolicyviolation", (event) => {
  const text = sentence(event);
  if (event.disposition !== "enforce" || said.has(text)) return;
  said.add(text);
  const box = document.createElement("section");
  const alert = document.createElement("p");
  alert.setAttribute("role", "alert");
  alert.textContent = text;
  box.append(alert);
  list.append(box);
});
