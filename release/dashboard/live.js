"use strict";
// Keeps the page as the server has it: asks every two seconds while the page is seen, and not at all while it is hidden.

const EVERY = 2000;
const PATIENCE = 5000;
const page = document;
let tag = "";
let ahead = 0; // the server's clock less ours, in ms
let lost = null; // since when nobody answers
let heard = Date.now();
let timer = 0;
let asking = false;

/** Make `old` what `fresh` is, and keep every element that stays the same: its focus, its selection, what is opened. */
function become(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || (old.id || "") !== (fresh.id || "")) {
    old.replaceWith(page.importNode(fresh, true));
    return;
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  // A control that was shown once stays: hidden for a moment, it could lose the focus.
  const kept = (name) => name === "hidden" && old.nodeName === "BUTTON";
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !kept(name)) old.setAttribute(name, value);
  }
  let next = old.firstChild;
  for (const child of fresh.childNodes) {
    const same = child.id && [...old.children].find((each) => each.id === child.id);
    if (same && same !== next) old.insertBefore(same, next);
    const here = same || next;
    if (!here || (here.id && here.id !== child.id)) {
      old.insertBefore(page.importNode(child, true), here);
    } else {
      next = here.nextSibling;
      become(here, child);
    }
  }
  while (next) {
    const after = next.nextSibling;
    next.remove();
    next = after;
  }
}

function age(milliseconds) {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** What was said with the moment is said with its age; whatever is too old says so. */
function tell() {
  const now = Date.now() + ahead;
  for (const time of page.querySelectorAll("time[datetime]")) {
    const at = Date.parse(time.dateTime);
    if (Number.isNaN(at)) continue;
    const text = time.hasAttribute("data-since") ? `for ${age(now - at)}` : `${age(now - at)} ago`;
    if (time.textContent !== text) time.textContent = text;
    time.title = `${time.dateTime.replace("T", " ").replace(/(\.\d+)?Z/, "")} UTC`;
  }
  for (const article of page.querySelectorAll("article[data-at]")) {
    const at = Date.parse(article.dataset.at);
    const old = now - at > Number(article.dataset.oldAfter) * 1000;
    article.toggleAttribute("data-old", old);
    const read = article.querySelector(".read");
    read.classList.toggle("old", old);
    if (old && !read.querySelector(".stale")) {
      const word = page.createElement("span");
      word.className = "stale";
      word.textContent = " — old";
      read.append(word);
    }
  }
  for (const control of page.querySelectorAll("button[hidden]")) control.hidden = false;
}

function losing(is) {
  const box = page.getElementById("lost");
  page.body.toggleAttribute("data-lost", is);
  if (!is) {
    lost = null;
    box.hidden = true;
    return;
  }
  lost = lost || heard;
  const since = new Date(lost).toISOString().slice(11, 19);
  box.hidden = false;
  const text = `Not up to date: the dashboard has not answered for ${age(Date.now() - lost)}, since ${since} UTC. What is below is of then. Start it again: release dashboard`;
  // Said aloud once, not every two seconds.
  if (!box.textContent) box.textContent = text;
  else if (page.activeElement !== box) box.firstChild.data = text;
}

async function ask() {
  if (asking || page.hidden) return;
  asking = true;
  clearTimeout(timer);
  try {
    const headers = tag ? { "If-None-Match": tag } : {};
    const answer = await fetch("/environments", { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok && answer.status !== 304) throw new Error(String(answer.status));
    ahead = Number(answer.headers.get("X-Now")) - Date.now();
    if (answer.status === 200) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("all");
      tag = answer.headers.get("ETag") || "";
      become(page.getElementById("all"), fresh);
      page.title = fresh.dataset.title;
      page.querySelector("link[rel=icon]").href = `/icon/${fresh.dataset.standing}.svg`;
    }
    heard = Date.now();
    losing(false);
  } catch {
    losing(true);
  }
  asking = false;
  tell();
  if (!page.hidden) timer = setTimeout(ask, EVERY);
}

function say(text) {
  page.getElementById("said").textContent = text;
}

async function copy(button) {
  const from = page.getElementById(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(from.textContent);
    button.textContent = "Copied";
    say(`Copied: ${from.textContent}`);
  } catch {
    // Nobody may write to the clipboard: then it is selected, and one key away.
    getSelection().selectAllChildren(from);
    button.textContent = "Selected";
    say(`Selected: ${from.textContent}`);
  }
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

async function look(button) {
  const stack = button.dataset.stack;
  try {
    const answer = await fetch(`/drift/${encodeURIComponent(stack)}`, { headers: { "X-Dashboard": "drift" }, cache: "no-store" });
    say(answer.ok ? `Asking every resource of ${stack}` : `${stack} cannot be asked for drift`);
  } catch {
    losing(true);
  }
  ask();
}

page.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.classList.contains("copy")) copy(button);
  if (button?.classList.contains("look")) look(button);
});
page.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  ask();
});
setInterval(() => page.hidden || tell(), 1000);
tell();
ask();
