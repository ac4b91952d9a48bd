#!/usr/bin/env python3
"""Opens a report in a headless Chromium and prints what is wrong with it as JSON: a list of sentences, empty if nothing is.

    look.py FOLDER [SCREENSHOTS]

FOLDER has index.html with its cells, or is one file. A browser is driven by the DevTools protocol over a pipe. It is killed by its
process group, and everything ends after the deadline.
"""
import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEADLINE = time.monotonic() + float(os.environ.get("NINEPIN_BROWSER_SECONDS", "100"))
WIDTHS = (360, 1280)


class Browser:
    def __init__(self, profile):
        # High numbers, so that 3 and 4 are free for the browser's ends.
        own = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in (*os.pipe(), *os.pipe())]
        theirs_in, self.out, self.inward, theirs_out = own

        def ends():
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
             "--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=ends, close_fds=False, start_new_session=True)
        os.close(theirs_in)
        os.close(theirs_out)
        self.number, self.buffer, self.events = 0, b"", []
        target = self.send("Target.createTarget", {"url": "about:blank"}, None)["targetId"]
        self.session = self.send("Target.attachToTarget", {"targetId": target, "flatten": True}, None)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Audits", "DOM"):
            self.send(f"{domain}.enable")

    def send(self, method, parameters=None, session=""):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters or {}}
        if session is not None:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self):
        while b"\0" not in self.buffer:
            left = DEADLINE - time.monotonic()
            if left <= 0 or not select.select([self.inward], [], [], left)[0]:
                raise TimeoutError("the browser took too long")
            piece = os.read(self.inward, 1 << 20)
            if not piece:
                raise RuntimeError("the browser ended")
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def wait(self, method):
        """Until an event has come that is not consumed yet."""
        while True:
            for event in self.events:
                if event.get("method") == method and not event.get("seen"):
                    event["seen"] = True
                    return
            self.events.append(self.receive())

    def open(self, address):
        for event in self.events:
            event["seen"] = True
        self.send("Page.navigate", {"url": "about:blank"})
        self.wait("Page.loadEventFired")
        self.send("Page.navigate", {"url": address})
        self.wait("Page.loadEventFired")

    def run(self, script):
        result = self.send("Runtime.evaluate", {"expression": script, "returnByValue": True, "awaitPromise": True})
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:500])
        return result["result"].get("value")

    def size(self, width, height=900):
        self.send("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def scheme(self, name):
        self.send("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def scripts(self, are_allowed):
        self.send("Emulation.setScriptExecutionDisabled", {"value": not are_allowed})

    def press(self, key, code=None, text=None):
        numbers = {"Tab": 9, "Enter": 13, "ArrowRight": 39, "ArrowDown": 40}
        event = {"key": key, "code": code or key, "windowsVirtualKeyCode": numbers.get(key, 0)}
        if text:
            event["text"] = text
        self.send("Input.dispatchKeyEvent", {"type": "keyDown", **event})
        self.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    def complaints(self):
        """Errors on the console, exceptions, and what the Content-Security-Policy refused."""
        found = []
        for event in self.events:
            name, what = event.get("method", ""), event.get("params", {})
            if name == "Runtime.exceptionThrown":
                found.append(f"exception: {what['exceptionDetails'].get('text')}")
            elif name == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning", "assert"):
                found.append(f"console: {what['args']}")
            elif name == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
                found.append(f"log: {what['entry']['text']}")
            elif name == "Audits.issueAdded" and "ontentSecurityPolicy" in what["issue"]["code"]:
                found.append(f"policy: {json.dumps(what['issue'])[:300]}")
            elif name == "Page.javascriptDialogOpening":
                found.append(f"dialog: {what.get('message')}")
        return found

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


# The contrast of every visible text with what is painted behind it (WCAG 2.2, 1.4.3).
CONTRAST = r"""
(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = color => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = "#000"; canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data].map((v, i) => i < 3 ? v : v / 255); };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const paper = node => { const layers = []; for (let at = node; at; at = at.parentElement) layers.unshift(read(getComputedStyle(at).backgroundColor)); return layers.reduce((below, top) => over(top, below), read("Canvas")); };
  const known = new Map(), bad = [];
  let count = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode, node = text.parentElement;
    if (!text.data.trim() || node.closest("script, style, title, desc") || !node.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(node), ink = node.closest("svg") ? style.fill : style.color;
    const key = ink + "|" + paper(node).join();
    let opacity = 1;
    for (let at = node; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    count += 1;
    if (opacity > 0.99 && known.has(key)) continue;
    const back = paper(node), front = read(ink);
    front[3] *= opacity;
    const [a, b] = [light(over(front, back)), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    known.set(key, ratio);
    if (ratio < (large ? 3 : 4.5)) bad.push(`contrast ${ratio.toFixed(2)} of ${JSON.stringify(text.data.trim().slice(0, 40))} (${node.tagName} ${node.className.baseVal ?? node.className})`);
  }
  if (count < 5) bad.push(`only ${count} texts were seen`);
  return [...new Set(bad)];
})()
"""
WIDE = r"""
(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return "";
  const wide = [...document.querySelectorAll("body *")].filter(one => one.getBoundingClientRect().right > width + 1 && !one.closest(".frame"));
  return `scrolls sideways: ${document.documentElement.scrollWidth} > ${width}, ${wide.slice(0, 3).map(one => `${one.tagName}.${one.getAttribute("class")}`)}`;
})()
"""
TEXT = "document.getElementById('main').innerText"


def links(browser, page, folder):
    """Where each link leads: a file of the folder, and an element of it."""
    found = []
    addresses = browser.run("[...document.links].map(one => one.href)")
    for address in set(addresses):
        path, _, anchor = address.removeprefix("file://").partition("#")
        target = Path(path)
        if not address.startswith("file://") or folder not in (target, *target.parents) or not target.is_file():
            found.append(f"{page.name}: dead link {address}")
        elif anchor and f'id="{anchor}"' not in target.read_text(encoding="utf-8"):
            found.append(f"{page.name}: dead anchor {address}")
    return found


def look(browser, page, folder, shots):
    found = []
    address = page.as_uri()
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        for width in WIDTHS:
            browser.size(width)
            browser.open(address)
            browser.run("for (const one of document.querySelectorAll('details')) one.open = true; null")
            where = f"{page.name}, {width} px, {scheme}"
            wide = browser.run(WIDE)
            found += [f"{where}: {wide}"] if wide else []
            found += [f"{where}: {one}" for one in browser.run(CONTRAST)]
            if shots:
                picture = browser.send("Page.captureScreenshot", {"captureBeyondViewport": True, "format": "png"})["data"]
                (shots / f"{page.stem[:40]}-{width}-{scheme}.png").write_bytes(base64.b64decode(picture))
    found += links(browser, page, folder)
    # Without scripts the whole text is there: all that the page's source has.
    browser.open(address)
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true; null")
    with_script = browser.run("document.querySelectorAll('table.grid td[data-state]').length")
    browser.scripts(False)
    browser.open(address)
    document = browser.send("DOM.getDocument")["root"]["nodeId"]
    cells = browser.send("DOM.querySelectorAll", {"nodeId": document, "selector": "table.grid td[data-state]"})["nodeIds"]
    hidden = [one for one in cells if not visible(browser, one)]
    lines = browser.send("DOM.querySelectorAll", {"nodeId": document, "selector": "li, p.headline, p.what, pre"})["nodeIds"]
    hidden += [one for one in lines[:60] if not visible(browser, one)]
    browser.scripts(True)
    if hidden or len(cells) != with_script:
        found.append(f"{page.name}: without scripts, {len(hidden)} elements are not shown, and {len(cells)} of {with_script} cells are there")
    return found


def visible(browser, node):
    try:
        box = browser.send("DOM.getBoxModel", {"nodeId": node})["model"]
    except RuntimeError:
        return False
    return box["width"] > 0 and box["height"] > 0


def keyboard(browser, page):
    """By keys alone: to the filter, to a cell, to its neighbor, and into its evidence."""
    browser.scheme("light")
    browser.size(1280)
    browser.open(page.as_uri())
    count = browser.run("document.querySelectorAll('table.grid td a').length")
    if count < 2:
        return []
    for _ in range(400):
        browser.press("Tab")
        if browser.run("Boolean(document.activeElement.closest('table.grid td'))"):
            break
    else:
        return ["no cell can be reached by Tab"]
    found = []
    if browser.run("getComputedStyle(document.activeElement).outlineStyle") == "none":
        found.append("the focus is not visible")
    before = browser.run("document.activeElement.href")
    browser.press("ArrowDown")
    browser.press("ArrowRight")
    after = browser.run("document.activeElement.href")
    if before == after:
        found.append("the arrow keys do not move the focus")
    browser.press("/", "Slash", "/")
    if browser.run("document.activeElement.id") != "filter":
        found.append("'/' does not lead to the filter")
    browser.run(f"[...document.querySelectorAll('table.grid td a')].find(one => one.href === {json.dumps(after)}).focus()")
    browser.press("Enter", text="\r")
    for _ in range(50):
        if browser.run("location.href") == after:
            break
        time.sleep(0.05)
    else:
        return found + [f"Enter does not open {after}"]
    if not browser.run("document.readyState === 'complete' || new Promise(done => addEventListener('load', () => done(true)))"):
        found.append("the cell's page does not load")
    target = after.partition("#")[2]
    script = f"document.getElementById({json.dumps(target)})" if target else "document.querySelector('article')"
    if not browser.run(f"{script}.checkVisibility() && {script}.innerText.length > 100"):
        found.append(f"the evidence at {after} is not shown")
    return found


def filtering(browser, page):
    """The filter, the state and the order work, and the page is whole again afterwards."""
    browser.open(page.as_uri())
    if not browser.run("Boolean(document.getElementById('filter'))"):
        return []
    shown = "[...document.querySelectorAll('table.grid tbody tr:not(.group)')].filter(one => one.checkVisibility()).length"
    put = "(id, value) => { const one = document.getElementById(id); one.value = value; one.dispatchEvent(new Event('input')); }"
    all_rows = browser.run(shown)
    browser.run(f"({put})('filter', 'no such cell'); null")
    none = browser.run(shown)
    browser.run(f"({put})('filter', ''); ({put})('state', 'trouble'); ({put})('order', 'trouble'); null")
    some = browser.run(shown)
    browser.run(f"({put})('state', ''); ({put})('order', 'manifest'); null")
    whole = browser.run(shown)
    trouble = browser.run("Boolean(document.querySelector('.is-broken, .is-flaky, .is-harness'))")
    if none != 0 or whole != all_rows or (trouble and not 0 < some <= all_rows):
        return [f"filtering shows {all_rows} rows, then {none}, {some} and {whole}"]
    return []


def main(place, shots=None):
    place = Path(place).resolve()
    folder = place if place.is_dir() else place
    index = place / "index.html" if place.is_dir() else place
    pages = [index] + (sorted((place / "cells").glob("*.html")) if place.is_dir() else [])
    # All pages have one frame; of the cells, the longest and the shortest are looked at.
    if len(pages) > 3:
        cells = sorted(pages[1:], key=lambda page: page.stat().st_size)
        pages = [index, cells[0], cells[-1]]
    shots = Path(shots) if shots else None
    profile = tempfile.mkdtemp(prefix="ninepin-browser-")
    browser = None
    try:
        browser = Browser(profile)
        found = [one for page in pages for one in look(browser, page, folder, shots)]
        found += keyboard(browser, index) + filtering(browser, index) + browser.complaints()
    finally:
        if browser:
            browser.close()
        shutil.rmtree(profile, ignore_errors=True)
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
