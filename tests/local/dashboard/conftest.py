from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from release.dashboard.app import app
from release.dashboard.reader import Reader
from release.dashboard.serving import listen, serve
from tests.unit.release.dashboard.environment import LINE, Written, failed, told

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
LONG = "an-alarm-with-a-name-as-long-as-names-of-alarms-are-on-aws-" * 3


def troubled() -> Written:
    """Three environments: one is well, one cannot be asked, and the one that matters fails."""
    return Written(
        {
            "dev": told("dev"),
            "staging": failed("staging"),
            "production": told(
                failures="503 ×12",
                alarms=[LONG],
                drift=["weights: 10 % on 1 by hand"],
                freeze="until Monday 08:00",
            ),
            "new": {"made": False},
        },
        past_lines=(LINE, {**LINE, "move": "refused", "result": "failed", "report": ""}),
    )


async def _report(stack: str, release: str, at: str) -> tuple[bytes, str]:
    return f"<!doctype html><title>Report of {release}</title><h1>Report</h1>".encode(), ""


@dataclass
class Dashboard:
    """The page, served in this process; `source` is what it reads, at once where a test says `hurry`."""

    url: str
    source: Written
    hurry: asyncio.Event
    served: asyncio.Task[None]

    async def end(self) -> None:
        self.served.cancel()
        await asyncio.gather(self.served, return_exceptions=True)


async def begin(source: Written) -> Dashboard:
    hurry = asyncio.Event()

    async def sleep(_: float) -> None:
        await hurry.wait()
        hurry.clear()
        await asyncio.sleep(0.01)

    reader = Reader(source, sleep=sleep)
    listening = listen(0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    served = asyncio.create_task(serve(listening, app(reader, _report, "shop"), reader))
    return Dashboard(url, source, hurry, served)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on PATH: apt install chromium")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def dashboard(browser: Browser) -> AsyncIterator[Dashboard]:
    """One that nobody changes."""
    shown = await begin(troubled())
    yield shown
    await shown.end()


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context(viewport={"width": 1440, "height": 900})
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(context: BrowserContext) -> Page:
    return await context.new_page()
