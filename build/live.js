// In every page that `make dev` serves: loads the page again when its sources have changed. The address that this script
// was loaded from names the state of the sources that the page was made of, and the server says each later one.
const mine = new URL(import.meta.url).search.slice(1);
new EventSource(new URL("live-changes", import.meta.url)).onmessage = ({ data }) => data === mine || location.reload();
