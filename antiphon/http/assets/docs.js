// What RapiDoc does not do by itself: colours that follow the system, one field for the key, a narrow layout,
// and answers shown while they stream.

const viewer = document.querySelector("rapi-doc");
const keyField = document.getElementById("key");
const live = document.getElementById("live");
const said = document.getElementById("said");
const progress = document.getElementById("progress");

const LIGHT = {
  theme: "light",
  "bg-color": "#ffffff",
  "text-color": "#24292f",
  "primary-color": "#5145cd",
  "nav-bg-color": "#f6f7f9",
  "nav-text-color": "#4b5260",
  "nav-hover-bg-color": "#eaecf0",
  "nav-hover-text-color": "#24292f",
  "nav-accent-color": "#5145cd",
};
const DARK = {
  theme: "dark",
  "bg-color": "#14161b",
  "text-color": "#d5d9e0",
  "primary-color": "#a59cf8",
  "nav-bg-color": "#1b1e25",
  "nav-text-color": "#a4abb8",
  "nav-hover-bg-color": "#262a33",
  "nav-hover-text-color": "#f0f2f5",
  "nav-accent-color": "#a59cf8",
};
const KEPT = "antiphon.key";

function follow(query, apply) {
  const media = matchMedia(query);
  media.addEventListener("change", () => apply(media.matches));
  apply(media.matches);
}

function applyKey() {
  const key = keyField.value.trim();
  sessionStorage.setItem(KEPT, key);
  viewer.setApiKey?.("bearer", key);
}

// The frames of a Server-Sent Events body, as they come.
async function* frames(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (text + value).split("\n\n");
    text = parts.pop();
    yield* parts;
  }
}

async function narrate(body) {
  let events = 0;
  said.textContent = "";
  live.hidden = false;
  for await (const frame of frames(body)) {
    const data = frame.match(/^data: (\{.*)$/m);
    if (!data) continue;
    const event = JSON.parse(data[1]);
    events += 1;
    progress.textContent = `${events} events · ${event.type.replace("response.", "")}`;
    if (event.type === "response.output_text.delta") said.textContent += event.delta;
    if (event.type === "error") said.textContent += `\n${event.message}`;
  }
}

// RapiDoc shows a body once it is whole, so a stream is read twice: by it, and here.
const fetched = window.fetch.bind(window);
window.fetch = async (...request) => {
  const response = await fetched(...request);
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return response;
  const [shown, told] = response.body.tee();
  narrate(told);
  return new Response(shown, response);
};

// Requests go where the page came from, under the same prefix.
const server = new URL(".", location.href).href.replace(/\/$/, "");
viewer.setAttribute("server-url", server);
viewer.setAttribute("default-api-server", server);

follow("(prefers-color-scheme: dark)", (dark) => {
  for (const [name, value] of Object.entries(dark ? DARK : LIGHT)) viewer.setAttribute(name, value);
});
follow("(max-width: 767px)", (narrow) => viewer.setAttribute("render-style", narrow ? "view" : "focused"));

keyField.value = sessionStorage.getItem(KEPT) ?? "";
keyField.addEventListener("input", applyKey);
viewer.addEventListener("spec-loaded", applyKey);
document.getElementById("access").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("close").addEventListener("click", () => { live.hidden = true; });

await customElements.whenDefined("rapi-doc");
const inside = new CSSStyleSheet();
await inside.replace(await (await fetched("docs/inside.css")).text());
viewer.shadowRoot.adoptedStyleSheets.push(inside);
