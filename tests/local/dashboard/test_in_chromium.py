"""The page as a person has it: any width, any light, keyboard alone; and it never looks fresher than it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.local.dashboard.conftest import Dashboard, begin, troubled
from tests.unit.release.dashboard.environment import Written, told

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("chromium")]

WIDTHS = {"phone": (390, 844), "desktop": (1440, 900)}

CONTRASTS = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8").partition("\n")[2]


async def opened(page: Page, dashboard: Dashboard) -> None:
    await page.goto(dashboard.url)
    await expect(page.locator("#headline")).to_contain_text("503 ×12")
    await expect(page.locator("#env-dev .moves li")).to_have_count(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", list(WIDTHS))
async def test_it_fits_any_screen_and_its_contrast_is_that_of_wcag_aa(
    browser: Browser, dashboard: Dashboard, width: str, scheme: Any
) -> None:
    wide, high = WIDTHS[width]
    context = await browser.new_context(
        viewport={"width": wide, "height": high}, color_scheme=scheme, reduced_motion="reduce"
    )
    try:
        page, complaints = await context.new_page(), list[str]()
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await opened(page, dashboard)
        assert await page.evaluate("document.documentElement.scrollWidth") <= wide
        assert await page.evaluate(CONTRASTS) == []
        box = await page.locator("#headline").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < high / 2
        assert complaints == []
    finally:
        await context.close()


async def test_the_keyboard_alone_reaches_every_control_in_order_and_sees_where_it_is(
    page: Page, dashboard: Dashboard
) -> None:
    await opened(page, dashboard)
    wanted = await page.evaluate(
        """() => [...document.querySelectorAll("a, button:not([disabled]), summary, [tabindex='0']")]
        .filter((each) => each.checkVisibility()).map((each) => (each.dataset.place = String(Math.random())))"""
    )
    seen = []
    for _ in wanted:
        await page.keyboard.press("Tab")
        seen.append(
            await page.evaluate(
                """() => { const at = document.activeElement, style = getComputedStyle(at);
                return [at.dataset.place, style.outlineStyle, parseFloat(style.outlineWidth)]; }"""
            )
        )
    assert [each[0] for each in seen] == wanted
    assert {each[1] for each in seen} == {"solid"}
    assert min(each[2] for each in seen) >= 2


@pytest.mark.parametrize("key", ["Enter", "Space"])
async def test_a_command_is_copied_by_a_key(context: BrowserContext, dashboard: Dashboard, key: str) -> None:
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    await opened(page, dashboard)
    await page.locator("#headline .copy").focus()
    await page.keyboard.press(key)
    await expect(page.locator("#said")).to_have_text("Copied: release rollback --stack production")
    assert await page.evaluate("navigator.clipboard.readText()") == "release rollback --stack production"


async def test_everything_that_can_be_used_has_a_name_of_its_own(page: Page, dashboard: Dashboard) -> None:
    await opened(page, dashboard)
    for role in ("button", "link", "article", "list", "img"):
        for each in await page.get_by_role(role).all():  # type: ignore[arg-type]
            name = await each.evaluate(
                """(each) => each.getAttribute("aria-label")
                || document.getElementById(each.getAttribute("aria-labelledby"))?.textContent
                || each.textContent.trim()"""
            )
            assert name, role
    assert await page.get_by_role("heading", level=1).count() == 1
    assert await page.get_by_role("status").first.text_content()
    assert await page.title() == "✖ production fails: 503 ×12 of 200 answers on fresh connections · shop"


async def test_what_changes_is_seen_and_what_has_the_focus_keeps_it(browser: Browser, page: Page) -> None:
    shown = await begin(Written({"dev": told("dev"), "production": told()}))
    try:
        await page.goto(shown.url)
        await expect(page.locator("#headline")).to_contain_text("All is well")
        await page.locator("#env-dev-back .copy").focus()
        shown.source.environments["production"] = told(failures="503 ×12")
        shown.hurry.set()
        await expect(page.locator("#headline.bad")).to_contain_text("production fails", timeout=10_000)
        await expect(page.locator("#env-dev-back .copy")).to_be_focused()
        assert (await page.title()).startswith("✖ production")
    finally:
        await shown.end()


async def test_a_page_whose_server_is_gone_says_so(page: Page) -> None:
    shown = await begin(Written({"dev": told("dev")}))
    try:
        await page.goto(shown.url)
        await expect(page.locator("#headline")).to_contain_text("dev is well")
    finally:
        await shown.end()
    await expect(page.locator("#lost")).to_contain_text("Not up to date", timeout=10_000)
    assert await page.evaluate("document.body.hasAttribute('data-lost')")


async def test_one_that_fails_says_since_when_beside_those_that_do_not(page: Page) -> None:
    shown = await begin(troubled())
    try:
        await opened(page, shown)
        await expect(page.locator("#env-dev .standing")).to_have_text("Well")
        await expect(page.locator("#env-new .standing")).to_have_text("Not made yet")
        staging = page.locator("#env-staging")
        await expect(staging.locator(".standing")).to_have_text("Not known")
        await expect(staging).to_contain_text("ExpiredToken")
        await staging.locator("summary").press("Enter")
        await expect(staging.locator("pre")).to_contain_text("expected: answers")
    finally:
        await shown.end()


async def test_what_is_old_says_so_though_nobody_tells_the_page(page: Page, dashboard: Dashboard) -> None:
    await page.clock.install()
    await opened(page, dashboard)
    await page.route("**/environments", lambda route: route.abort())
    await page.clock.fast_forward("05:00")
    await expect(page.locator("#env-dev .read")).to_contain_text("old")
    await expect(page.locator("#lost")).to_be_visible()


async def test_a_page_that_is_hidden_asks_nothing(page: Page, dashboard: Dashboard) -> None:
    await opened(page, dashboard)
    await page.evaluate(
        """() => { Object.defineProperty(document, "hidden", { get: () => window.away });
        window.away = true; document.dispatchEvent(new Event("visibilitychange")); }"""
    )
    await page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.clock.install()
    await page.clock.run_for(20_000)
    assert asked == []
    async with page.expect_request("**/environments"):
        await page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")


async def test_drift_is_looked_for_by_a_key_and_told(page: Page) -> None:
    shown = await begin(Written({"dev": told("dev")}, drifts=("aws:lb/listener main: port",)))
    try:
        await page.goto(shown.url)
        await page.get_by_role("button", name="Look for drift in all of dev").press("Enter")
        await expect(page.locator("#env-dev-drift")).to_contain_text("aws:lb/listener main: port")
    finally:
        await shown.end()


async def test_a_report_opens_from_the_last_releases(page: Page, dashboard: Dashboard) -> None:
    await opened(page, dashboard)
    await page.locator("#env-dev").get_by_role("link", name="Report of 1 → 2 in dev").press("Enter")
    await expect(page).to_have_title("Report of 22222222")
