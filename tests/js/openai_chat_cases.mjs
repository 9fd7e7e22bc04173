// What people do with the official client over chat completions and the API before them.

import OpenAI from "openai";

/** A client that retries nothing by itself. */
function client(where) {
  return new OpenAI({ ...where, maxRetries: 0 });
}

async function all(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

export async function chat(where, { body }) {
  return await client(where).chat.completions.create(body);
}

/** The helper that puts the answer together itself. */
export async function chatStreamed(where, { body }) {
  const stream = client(where).chat.completions.stream(body);
  const chunks = await all(stream);
  return { chunks, completion: await stream.finalChatCompletion() };
}

/** A call that the client itself answers, and the answer to that. */
export async function chatWithATool(where, { body }) {
  const parameters = { type: "object", properties: { city: { type: "string" } } };
  const weather = {
    name: "weather",
    description: "The weather in a city.",
    parameters,
    parse: JSON.parse,
    function: ({ city }) => `sunny in ${city}`,
  };
  const runner = client(where).chat.completions.runTools({ ...body, tools: [{ type: "function", function: weather }] });
  return { text: await runner.finalContent(), messages: runner.messages };
}

/** Every verb that kept completions have. */
export async function chatKept(where, { body, metadata }) {
  const { completions } = client(where).chat;
  const made = await completions.create({ ...body, store: true });
  const updated = await completions.update(made.id, { metadata });
  const found = await completions.retrieve(made.id);
  const listed = await all(completions.list({ metadata, limit: 1 }));
  const messages = await all(completions.messages.list(made.id, { limit: 1 }));
  const gone = await completions.delete(made.id);
  const after = await completions.retrieve(made.id).catch(({ status, code }) => ({ status, code }));
  return { made, updated, found, listed, messages, gone, after };
}

export async function completion(where, { body }) {
  return await client(where).completions.create(body);
}

export async function completionStreamed(where, { body }) {
  return await all(await client(where).completions.create({ ...body, stream: true }));
}
