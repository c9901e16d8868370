"""The Python SDK uses everything that public-api offers: tools, resources, templates, prompts, completion, subscriptions.

    TOKEN=… python everything.py URL VAULT auto|legacy|sse

In: the server's address, the folder of its vault (to edit a note in it), how to connect. Out: one JSON line with what was used.
Exit status 1, and the reason, when something does not work or when the server offers something that is not used here.
"""

import asyncio
import json
import os
import pathlib
import sys
import warnings

from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.client.subscriptions import ResourcesListChanged, ResourceUpdated
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_types import PromptReference, ResourceTemplateReference

URL, VAULT, MODE = sys.argv[1:]
HEADERS = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
TASK, PROJECT = "tsk-sori-05", "prj-sori-beta"
# Every tool, with arguments that find something in the sample vault.
TOOLS = {
    "search": {"query": PROJECT},
    "fetch": {"id": TASK},
    "query_entities": {"type": ["Task"], "limit": 3},
    "get_entity": {"id": TASK},
    "graph": {"id": PROJECT, "depth": 1},
    "project_overview": {"id": PROJECT, "limit": 1},
    "recent_changes": {"limit": 1},
    "lint": {"limit": 1},
    "vault_info": {},
}
# Every argument of every prompt, with what is typed and a value that must be proposed; None where anything may be written.
PROMPTS = {
    "ask_vault": {"question": ("결제", None)},
    "project_status": {"project": ("beta", PROJECT)},
    "weekly_review": {"assignee": ("김", "김은향"), "tag": ("", None)},
    "list_work": {"status": ("do", "doing"), "assignee": ("", "김은향")},
    "find_contradictions": {"topic": ("login", None)},
}
TEMPLATES = {
    "vault://note/{+path}": ("path", TASK, f"50_Projects/{PROJECT}/Tasks/{TASK}.md"),
    "vault://entity/{id}": ("id", TASK, TASK),
}
NOTE = f"vault://note/50_Projects/{PROJECT}/Tasks/{TASK}.md"


def edit():
    """Edits the note that is subscribed to, and adds one."""
    path = pathlib.Path(VAULT, "50_Projects", PROJECT, "Tasks", f"{TASK}.md")
    path.write_text(path.read_text() + "\nEdited.\n")
    pathlib.Path(VAULT, f"new-{MODE}.md").write_text("new")


async def use_tools(client):
    listed = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert listed.keys() == TOOLS.keys(), sorted(listed)
    for name, arguments in TOOLS.items():
        assert listed[name].output_schema and listed[name].annotations.read_only_hint, name
        answer = await client.call_tool(name, arguments)
        assert not answer.is_error, (name, answer)
        assert json.loads(answer.content[0].text) == answer.structured_content, name
        assert answer.structured_content, name
    wrong = await client.call_tool("search", {"query": ""})
    assert wrong.is_error and "query" in wrong.content[0].text, wrong
    return sorted(TOOLS)


async def use_resources(client):
    seen, cursor = [], None
    while True:
        page = await client.list_resources(cursor=cursor)
        seen += [str(resource.uri) for resource in page.resources]
        cursor = page.next_cursor
        if cursor is None:
            break
    files = [path for path in pathlib.Path(VAULT).rglob("*.md") if not any(p.startswith(".") for p in path.parts)]
    assert len(set(seen)) == len(seen) >= len(files) - 2, (len(seen), len(files))
    read = await client.read_resource(NOTE)
    assert TASK in read.contents[0].text, read
    templates = (await client.list_resource_templates()).resource_templates
    assert {t.uri_template for t in templates} == TEMPLATES.keys(), templates
    for template, (argument, typed, expected) in TEMPLATES.items():
        reference = ResourceTemplateReference(type="ref/resource", uri=template)
        found = await client.complete(reference, {"name": argument, "value": typed})
        assert expected in found.completion.values, (template, found)
    entity = await client.read_resource(f"vault://entity/{TASK}")
    assert entity.contents[0].text == read.contents[0].text
    return len(seen)


async def use_prompts(client):
    listed = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}
    assert listed.keys() == PROMPTS.keys(), sorted(listed)
    for name, arguments in PROMPTS.items():
        assert {a.name for a in listed[name].arguments} == arguments.keys(), name
        for argument, (typed, expected) in arguments.items():
            reference = PromptReference(type="ref/prompt", name=name)
            found = (await client.complete(reference, {"name": argument, "value": typed})).completion
            assert expected is None or expected in found.values, (name, argument, found)
        values = {argument: expected or typed or "x" for argument, (typed, expected) in arguments.items()}
        text = (await client.get_prompt(name, values)).messages[0].content.text
        assert all(value in text for value in values.values()), text
    return sorted(PROMPTS)


async def subscribe_modern(client):
    told = set()
    async with client.listen(resources_list_changed=True, resource_subscriptions=[NOTE]) as events:
        assert events.honored.resource_subscriptions == [NOTE], events.honored
        edit()
        async for event in events:
            if isinstance(event, ResourceUpdated):
                assert str(event.uri) == NOTE, event
            told.add(type(event))
            if told >= {ResourceUpdated, ResourcesListChanged}:
                return sorted(kind.__name__ for kind in told)


async def subscribe_legacy(client, heard):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        await client.subscribe_resource(NOTE)
        await asyncio.sleep(0.5)  # the stream for notifications is opened beside everything else
        edit()
        told = set()
        while not told >= {"notifications/resources/updated", "notifications/resources/list_changed"}:
            message = await heard.get()
            method = getattr(message, "method", None) or getattr(getattr(message, "root", None), "method", None)
            if method == "notifications/resources/updated":
                params = getattr(message, "params", None) or message.root.params
                assert str(params.uri) == NOTE, message
            told.add(method)
        await client.unsubscribe_resource(NOTE)
    return sorted(method for method in told if method)


async def main():
    heard = asyncio.Queue()

    async def hear(message):
        await heard.put(message)

    if MODE == "sse":
        transport = sse_client(URL, headers=HEADERS)
    else:
        transport = streamable_http_client(URL, http_client=create_mcp_http_client(headers=HEADERS))
    mode = "auto" if MODE == "auto" else "legacy"
    async with Client(transport, mode=mode, message_handler=hear) as client:
        resources = client.server_capabilities.resources
        assert resources.subscribe and resources.list_changed, resources
        used = {
            "protocol": str(client.protocol_version),
            "tools": await use_tools(client),
            "resources": await use_resources(client),
            "prompts": await use_prompts(client),
            "told": await (subscribe_modern(client) if mode == "auto" else subscribe_legacy(client, heard)),
        }
    print(json.dumps(used, ensure_ascii=False))


asyncio.run(asyncio.wait_for(main(), 60))
