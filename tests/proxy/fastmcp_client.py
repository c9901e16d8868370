"""The FastMCP client through auth-proxy (URL, TOKEN) beside the server itself (DIRECT): every answer must be the same."""

import asyncio
import os
import sys

from fastmcp import Client


async def seen(url: str, auth: str | None) -> list:
    steps: list = []

    async def progress(done, total, message):
        steps.append((done, total))

    async with Client(url, auth=auth) as client:
        tools = await client.list_tools()
        templates = await client.list_resource_templates()
        added = await client.call_tool("add", {"a": 20, "b": 22})
        counted = await client.call_tool("count", {"steps": 3}, progress_handler=progress)
        read = await client.read_resource("note://today")
        wrong = await client.call_tool("add", {"a": "x"}, raise_on_error=False)
        return [
            [tool.model_dump() for tool in tools],
            [template.model_dump() for template in templates],
            added.data,
            [block.model_dump() for block in counted.content],
            [content.model_dump() for content in read],
            wrong.is_error,
            steps,
        ]


async def main() -> int:
    direct = await seen(os.environ["DIRECT"], None)
    through = await seen(os.environ["URL"], os.environ["TOKEN"])
    for at, (one, other) in enumerate(zip(direct, through, strict=True)):
        if one != other:
            print(f"answer {at} differs:\n{one}\n{other}")
            return 1
    print(f"the same: {len(direct)} answers")
    return 0


sys.exit(asyncio.run(main()))
