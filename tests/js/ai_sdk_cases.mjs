// What people do with the AI SDK over the Responses API, or over chat completions: text with a tool, which takes two requests.

import { createOpenAI } from "@ai-sdk/openai";
import { generateText, isStepCount, streamText, tool } from "ai";
import { z } from "zod";

function wanted(where, { model, options, api = "responses" }) {
  const weather = tool({
    description: "The weather in a city.",
    inputSchema: z.object({ city: z.string() }),
    execute: ({ city }) => `sunny in ${city}`,
  });
  return {
    model: createOpenAI(where)[api](model),
    prompt: "Weather in Paris?",
    tools: { weather },
    stopWhen: isStepCount(3),
    maxRetries: 0,
    providerOptions: { openai: options },
  };
}

/** What of a result a test may ask for; `streamText` gives promises where `generateText` gives values. */
async function told(result) {
  return {
    text: await result.text,
    reasoning: (await result.steps)[0].reasoningText ?? null,
    finishReason: await result.finishReason,
    usage: await result.totalUsage,
    results: (await result.steps).flatMap((step) => step.toolResults.map(({ input, output }) => ({ input, output }))),
    warnings: (await result.warnings) ?? [],
  };
}

export async function generateTextWithATool(where, asked) {
  return await told(await generateText(wanted(where, asked)));
}

export async function streamTextWithATool(where, asked) {
  const result = streamText({ ...wanted(where, asked), onError: () => {} });
  const parts = [];
  for await (const part of result.fullStream) {
    if (part.type === "error") throw part.error;
    parts.push(part.type);
  }
  return { ...(await told(result)), parts };
}
