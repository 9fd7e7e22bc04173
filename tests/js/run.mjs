// Runs cases, one after the other: each line of the input is `{case, root, key, ...}`, each line of the output
// `{value}` or `{thrown}`. One process for all, because starting one takes longer than most cases.

import { createInterface } from "node:readline";
import * as aiSdkCases from "./ai_sdk_cases.mjs";
import * as openaiCases from "./openai_cases.mjs";
import * as openaiChatCases from "./openai_chat_cases.mjs";

/** Milliseconds after which a case is wrong rather than slow. */
const PATIENCE = 15_000;

const CASES = { ...openaiCases, ...openaiChatCases, ...aiSdkCases };

/** What of an error a test may ask for. */
function told(error) {
  const { message, status, code, param, type, requestID, statusCode } = error;
  return { class: error.constructor.name, message, status: status ?? statusCode, code, param, type, requestID };
}

/** The case's value; whatever goes wrong, awaited by the case or not, is the outcome of this case and of no other. */
async function outcome(line) {
  const { case: name, root, key, ...wanted } = JSON.parse(line);
  let fail;
  const failed = new Promise((_, reject) => (fail = reject));
  const timer = setTimeout(() => fail(new Error("The case did not end.")), PATIENCE);
  process.once("uncaughtException", fail);
  try {
    const value = await Promise.race([CASES[name]({ baseURL: `${root}/v1`, apiKey: key }, wanted), failed]);
    return { value: value ?? null };
  } catch (error) {
    return { thrown: told(error) };
  } finally {
    clearTimeout(timer);
    process.off("uncaughtException", fail);
  }
}

// The output is for results alone; what libraries have to say goes elsewhere.
console.log = console.info = console.error;

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await outcome(line)) + "\n");
}
