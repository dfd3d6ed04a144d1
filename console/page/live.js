// Loads the page again when the user's files have changed. The server may be away for a moment, while it restarts.
const EVERY = 500; // milliseconds
const address = new URL("revision", document.baseURI);
let mine;

async function look() {
  try {
    const answer = await fetch(address);
    const now = answer.ok ? await answer.text() : mine;
    mine ??= now;
    if (now !== mine) return location.reload();
  } catch {
    // the server restarts
  }
  setTimeout(look, EVERY);
}

look();
