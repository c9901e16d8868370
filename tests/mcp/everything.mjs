// The TypeScript SDK uses everything that public-api offers: tools, resources, templates, prompts, completion, subscriptions.
//
//   TOKEN=… node everything.mjs URL VAULT modern|http|sse
//
// In: the server's address, the folder of its vault (to edit a note in it), and which SDK speaks how: `modern` is the second SDK in
// the stateless era of 2026-07-28 alone, the others are the first. Out: one JSON line with what was used.
// Exit status 1, and the reason, when something does not work or when the server offers something that is not used here.

import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import * as second from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";

const [url, vault, kind] = process.argv.slice(2);
const [task, project] = ["tsk-sori-05", "prj-sori-beta"];
const path = `50_Projects/${project}/Tasks/${task}.md`;
const note = `vault://note/${path}`;
// Every tool, with arguments that find something in the sample vault.
const tools = {
  search: { query: project },
  fetch: { id: task },
  query_entities: { type: ["Task"], limit: 3 },
  get_entity: { id: task },
  graph: { id: project, depth: 1 },
  project_overview: { id: project, limit: 1 },
  recent_changes: { limit: 1 },
  lint: { limit: 1 },
  vault_info: {},
};
// Every argument of every prompt, with what is typed and a value that must be proposed, if one must.
const prompts = {
  ask_vault: { question: ["결제"] },
  project_status: { project: ["beta", project] },
  weekly_review: { assignee: ["김", "김은향"], tag: ["a"] },
  list_work: { status: ["do", "doing"], assignee: ["김", "김은향"] },
  find_contradictions: { topic: ["login"] },
};
const templates = { "vault://note/{+path}": ["path", path], "vault://entity/{id}": ["id", task] };
const same = (got, wanted) => assert.deepEqual([...got].sort(), Object.keys(wanted).sort());

const requestInit = { headers: { Authorization: `Bearer ${process.env.TOKEN}` } };
const eventSourceInit = {
  fetch: (address, init) => fetch(address, { ...init, headers: { ...init.headers, ...requestInit.headers } }),
};
const modern = kind === "modern";
const transport =
  kind === "sse"
    ? new SSEClientTransport(new URL(url), { requestInit, eventSourceInit })
    : new (modern ? second : { StreamableHTTPClientTransport }).StreamableHTTPClientTransport(new URL(url), { requestInit });

/** Waits until something is told; `what` says how it went if it never is. */
function told(client, schema, fits, what) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`never told: ${what}`)), 20_000);
    client.setNotificationHandler(modern ? schema.shape.method.value : schema, (notification) => {
      if (!fits(notification)) return;
      clearTimeout(late);
      resolve(notification.method);
    });
  });
}

const options = { capabilities: {}, versionNegotiation: { mode: { pin: "2026-07-28" } } };
const client = new (modern ? second.Client : Client)({ name: "everything", version: "1" }, options);
await client.connect(transport);
assert.deepEqual(client.getServerCapabilities().resources, { subscribe: true, listChanged: true });

const listed = (await client.listTools()).tools;
same(listed.map((tool) => tool.name), tools);
for (const [name, args] of Object.entries(tools)) {
  // The SDK holds the answer against the tool's own output schema.
  const answer = await client.callTool({ name, arguments: args });
  assert.ok(!answer.isError, JSON.stringify(answer));
  assert.deepEqual(JSON.parse(answer.content[0].text), answer.structuredContent, name);
}

const uris = [];
let cursor;
do {
  const page = await client.listResources(cursor ? { cursor } : {});
  uris.push(...page.resources.map((resource) => resource.uri));
  cursor = page.nextCursor;
} while (cursor);
assert.equal(new Set(uris).size, uris.length);
assert.ok(uris.includes(note), uris.join("\n"));
const read = await client.readResource({ uri: note });
assert.ok(read.contents[0].text.includes(task));
assert.equal((await client.readResource({ uri: `vault://entity/${task}` })).contents[0].text, read.contents[0].text);
const offered = (await client.listResourceTemplates()).resourceTemplates;
same(offered.map((template) => template.uriTemplate), templates);
for (const [uri, [name, expected]] of Object.entries(templates)) {
  const found = await client.complete({ ref: { type: "ref/resource", uri }, argument: { name, value: task } });
  assert.ok(found.completion.values.includes(expected), JSON.stringify(found));
}

const known = (await client.listPrompts()).prompts;
same(known.map((prompt) => prompt.name), prompts);
for (const prompt of known) {
  const wanted = prompts[prompt.name];
  same(prompt.arguments.map((argument) => argument.name), wanted);
  const values = {};
  for (const [name, [value, expected]] of Object.entries(wanted)) {
    const ref = { type: "ref/prompt", name: prompt.name };
    const found = (await client.complete({ ref, argument: { name, value } })).completion.values;
    assert.ok(!expected || found.includes(expected), `${prompt.name} ${name}: ${found}`);
    values[name] = expected ?? value;
  }
  const { messages } = await client.getPrompt({ name: prompt.name, arguments: values });
  for (const value of Object.values(values)) assert.ok(messages[0].content.text.includes(value));
}

const updated = told(client, ResourceUpdatedNotificationSchema, (n) => n.params.uri === note, "the edited note");
const more = told(client, ResourceListChangedNotificationSchema, () => true, "that there is a new note");
let stream;
if (modern) {
  stream = await client.listen({ resourcesListChanged: true, resourceSubscriptions: [note] });
  assert.deepEqual(stream.honoredFilter.resourceSubscriptions, [note]);
} else {
  await client.subscribeResource({ uri: note });
  await new Promise((resolve) => setTimeout(resolve, 500)); // the stream for notifications is opened beside everything else
}
appendFileSync(`${vault}/${path}`, "\nEdited.\n");
writeFileSync(`${vault}/new-ts-${kind}.md`, "new");
const heard = await Promise.all([updated, more]);
await (modern ? stream.close() : client.unsubscribeResource({ uri: note }));
const protocol = modern ? client.getNegotiatedProtocolVersion() : transport.protocolVersion;
await client.close();
console.log(JSON.stringify({ protocol, tools: Object.keys(tools), resources: uris.length, prompts: known.length, told: heard }));
