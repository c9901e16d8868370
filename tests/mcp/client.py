"""A real MCP client (the Python SDK) driven line by line over stdin/stdout.

In: one JSON command a line. Out: one JSON answer a line. The OAuth flow is the SDK's own; only the
person is played here: the login and consent pages are fetched and their forms filled in as served.

Commands:
  {"op": "connect", "mode": "auto" | "legacy" | "2026-07-28"}
  {"op": "tools"}
  {"op": "call", "tool": "search", "arguments": {...}}
  {"op": "prompts"}
  {"op": "prompt", "prompt": "name", "arguments": {...}}
  {"op": "tokens"}     what the SDK has stored, and how often a person was asked to log in
  {"op": "expire"}     makes the SDK believe its access token has expired
  {"op": "close"}
"""

import argparse
import asyncio
import html.parser
import json
import sys
import traceback
from urllib.parse import parse_qs, urljoin, urlparse

import httpx2
from mcp.client import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata


class Forms(html.parser.HTMLParser):
    """The first form of a page: where it goes and what it carries."""

    def __init__(self):
        super().__init__()
        self.action, self.fields, self.inside = None, [], False

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form" and self.action is None:
            self.action, self.inside = attrs.get("action", ""), True
        elif tag == "input" and self.inside and attrs.get("name"):
            self.fields.append((attrs["name"], attrs.get("value", "")))

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False


class Person:
    """Opens the authorization URL, logs in, allows, and reads where the browser ends up."""

    def __init__(self, email, password, callback):
        self.email, self.password, self.callback = email, password, callback
        self.logins = 0
        self.landed = None

    async def open(self, url):
        self.logins += 1
        async with httpx2.AsyncClient(follow_redirects=False) as browser:
            answer = await browser.get(url)
            for _ in range(10):
                location = answer.headers.get("location")
                if answer.is_redirect and location:
                    target = urljoin(str(answer.url), location)
                    if target.startswith(self.callback):
                        self.landed = target
                        return
                    answer = await browser.get(target)
                    continue
                answer = await self.submit(browser, answer)
        raise RuntimeError("the login never reached the client's callback")

    async def submit(self, browser, page):
        forms = Forms()
        forms.feed(page.text)
        if page.status_code != 200 or forms.action is None:
            raise RuntimeError(f"no form on {page.url} ({page.status_code}): {page.text[:400]}")
        fields = dict(forms.fields)
        if "password" in fields:
            fields.update(email=self.email, password=self.password)
        else:
            fields["decision"] = "allow"
        return await browser.post(urljoin(str(page.url), forms.action), data=fields)

    async def answer(self):
        query = {k: v[0] for k, v in parse_qs(urlparse(self.landed).query).items()}
        if "code" not in query:
            raise RuntimeError(f"no code in the answer: {query.get('error')}")
        return AuthorizationCodeResult(
            code=query["code"], state=query.get("state"), iss=query.get("iss")
        )


class Storage:
    """The SDK's token storage, in memory, so that it can be looked at."""

    def __init__(self):
        self.tokens, self.client, self.stored = None, None, 0

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens
        self.stored += 1

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class Driver:
    def __init__(self, args):
        callback = "http://localhost:8765/callback"
        self.url = args.url
        self.storage = Storage()
        self.person = Person(args.email, args.password, callback)
        self.auth = OAuthClientProvider(
            server_url=args.url,
            client_metadata=OAuthClientMetadata(
                client_name="Loop test client",
                redirect_uris=[callback],
                grant_types=["authorization_code", "refresh_token"],
                token_endpoint_auth_method="none",
            ),
            storage=self.storage,
            client_metadata_url=args.client_metadata_url,
            redirect_handler=self.person.open,
            callback_handler=self.person.answer,
        )
        self.client = None
        self.http = None

    async def connect(self, command):
        await self.close(command)
        self.http = create_mcp_http_client(auth=self.auth)
        transport = streamable_http_client(self.url, http_client=self.http)
        self.client = Client(transport, mode=command.get("mode", "auto"))
        await self.client.__aenter__()
        info = self.client.server_info
        return {"protocol": str(self.client.protocol_version), "server": info and info.name}

    async def tools(self, _command):
        listed = await self.client.list_tools()
        return {"tools": [tool.model_dump(mode="json", by_alias=True) for tool in listed.tools]}

    async def call(self, command):
        result = await self.client.call_tool(command["tool"], command.get("arguments", {}))
        return result.model_dump(mode="json", by_alias=True, exclude_none=True)

    async def prompts(self, _command):
        listed = await self.client.list_prompts()
        return {"prompts": [prompt.model_dump(mode="json", by_alias=True) for prompt in listed.prompts]}

    async def prompt(self, command):
        got = await self.client.get_prompt(command["prompt"], command.get("arguments", {}))
        return {"messages": [message.model_dump(mode="json", by_alias=True) for message in got.messages]}

    async def tokens(self, _command):
        tokens, client = self.storage.tokens, self.storage.client
        return {
            "logins": self.person.logins,
            "stored": self.storage.stored,
            "access_token": tokens and tokens.access_token,
            "refresh_token": tokens and tokens.refresh_token,
            "client_id": client and client.client_id,
        }

    async def expire(self, _command):
        self.auth.context.token_expiry_time = 1
        return {}

    async def close(self, _command):
        if self.client is not None:
            client, self.client = self.client, None
            await client.__aexit__(None, None, None)
        return {}


def reason(error):
    """One line for a failure; of an exception group, its leaves."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(reason(inner) for inner in error.exceptions)
    return f"{type(error).__name__}: {error}"


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--email", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--client-metadata-url", default=None)
    driver = Driver(parser.parse_args())
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        try:
            answer = {"ok": True, **await getattr(driver, command["op"])(command)}
        except BaseException as error:  # noqa: BLE001 - everything is reported to the test
            traceback.print_exc()
            answer = {"ok": False, "error": reason(error)}
        print(json.dumps(answer, ensure_ascii=False), flush=True)
    await driver.close({})


if __name__ == "__main__":
    asyncio.run(main())
