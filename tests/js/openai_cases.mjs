// What people do with the official client. A case gives back what it was given, for the test to judge.

import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { ResponsesWS } from "openai/resources/responses/ws";
import { z } from "zod";

const UNFINISHED = ["queued", "in_progress"];
const LAST = ["response.completed", "response.incomplete", "response.failed"];

/** A client that retries nothing by itself. */
function client(where) {
  return new OpenAI({ ...where, maxRetries: 0 });
}

async function all(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

/** The first `count` events of a stream, whose connection is then closed. */
async function first(count, stream) {
  const events = [];
  for await (const event of stream) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

export async function create(where, { body }) {
  const response = await client(where).responses.create(body);
  return { response, text: response.output_text, requestID: response._request_id };
}

export async function retrieve(where, { id }) {
  return await client(where).responses.retrieve(id);
}

export async function stream(where, { body }) {
  return await all(await client(where).responses.create({ ...body, stream: true }));
}

/** The helper that puts the answer together itself, and complains of events that do not fit. */
export async function helped(where, { body }) {
  const stream = client(where).responses.stream(body);
  const events = await all(stream);
  return { events, response: await stream.finalResponse() };
}

export async function parsed(where, { model }) {
  const person = z.object({ name: z.string(), age: z.number() });
  const response = await client(where).responses.parse({
    model,
    input: "Who?",
    text: { format: zodTextFormat(person, "person") },
  });
  return response.output_parsed;
}

/** A call, its result, and the answer to that; the chain is kept by the gateway. */
export async function chain(where, { model, tools }) {
  const openai = client(where);
  const asked = await openai.responses.create({ model, input: "Weather in Paris?", tools });
  const call = asked.output.find((item) => item.type === "function_call");
  const answered = await openai.responses.create({
    model,
    tools,
    previous_response_id: asked.id,
    input: [{ type: "function_call_output", call_id: call.call_id, output: "sunny" }],
  });
  return {
    call,
    text: answered.output_text,
    previous: answered.previous_response_id === asked.id,
    inputItems: await all(openai.responses.inputItems.list(answered.id, { order: "asc", limit: 1 })),
  };
}

/** Until the answer in the background has ended. */
export async function polled(where, { body }) {
  const openai = client(where);
  const begun = await openai.responses.create({ ...body, background: true });
  let found = begun;
  while (UNFINISHED.includes(found.status)) found = await openai.responses.retrieve(begun.id);
  return { begun, ended: found, text: found.output_text };
}

export async function dropped(where, { body, count }) {
  return await first(count, await client(where).responses.create({ ...body, background: true, stream: true }));
}

/** What the stream has after an event, by the plain call and by the helper. */
export async function resumed(where, { id, after }) {
  const { responses } = client(where);
  const plain = await all(await responses.retrieve(id, { stream: true, starting_after: after }));
  const helper = responses.stream({ response_id: id, starting_after: after });
  const helped = await all(helper);
  return { plain, helped, text: (await helper.finalResponse()).output_text };
}

export async function cancelled(where, { id }) {
  return await client(where).responses.cancel(id);
}

export async function deleted(where, { id }) {
  const { responses } = client(where);
  await responses.delete(id);
  return await responses.retrieve(id).catch(({ status, code }) => ({ status, code }));
}

/** Every verb that conversations have. */
export async function conversation(where, { model }) {
  const openai = client(where);
  const user = (content) => ({ role: "user", content });
  const { conversations } = openai;
  const made = await conversations.create({ metadata: { topic: "demo" }, items: [user("0")] });
  const updated = await conversations.update(made.id, { metadata: { topic: "other" } });
  const added = await conversations.items.create(made.id, { items: [user("1"), user("2")] });
  const answer = await openai.responses.create({ model, input: "3", conversation: made.id });
  const listed = await all(conversations.items.list(made.id, { order: "asc", limit: 2 }));
  const one = await conversations.items.retrieve(added.data[0].id, { conversation_id: made.id });
  const without = await conversations.items.delete(one.id, { conversation_id: made.id });
  const left = await all(conversations.items.list(made.id));
  const retrieved = await conversations.retrieve(made.id);
  const gone = await conversations.delete(made.id);
  const after = await conversations.retrieve(made.id).catch(({ status, code }) => ({ status, code }));
  return { made, updated, added, answer, listed, one, without, left, retrieved, gone, after };
}

/** A window is made smaller, and the talk goes on in it. */
export async function compacted(where, { model, input, next }) {
  const openai = client(where);
  const compaction = await openai.responses.compact({ model, input });
  const answer = await openai.responses.create({ model, input: [...compaction.output, next], store: false });
  return { compaction, text: answer.output_text };
}

export async function inputTokens(where, { body }) {
  return await client(where).responses.inputTokens.count(body);
}

export async function models(where) {
  return await all(client(where).models.list());
}

export async function unwrapped(where, { body, headers, secret }) {
  return await client(where).webhooks.unwrap(body, headers, secret);
}

/** Up to the end of one answer, or an error in its place. */
async function turnOf(records) {
  const events = [];
  while (true) {
    const { value } = await records.next();
    if (value.type === "error" && !value.error.error) throw value.error;
    if (value.type === "error") return [...events, { type: "error", frame: value.error.error }];
    if (value.type === "close") throw new Error(`closed: ${value.code} ${value.reason}`);
    if (value.type === "message") events.push(value.message);
    if (LAST.includes(events.at(-1)?.type)) return events;
  }
}

/** Several turns over one WebSocket; one with `then` goes on from the answer before it. */
export async function socket(where, { turns }) {
  const connection = new ResponsesWS(client(where));
  try {
    const records = connection.stream();
    const told = [];
    for (const { then, ...turn } of turns) {
      const before = then && { previous_response_id: told.at(-1).at(-1).response.id };
      connection.send({ type: "response.create", ...turn, ...before });
      told.push(await turnOf(records));
    }
    return told;
  } finally {
    connection.close();
  }
}
