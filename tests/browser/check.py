#!/usr/bin/env python3
"""Opens pages of pairbench in headless Chromium and looks at what a reader would meet.

    check.py PAIRBENCH [DIRECTORY]

Makes the quickstart's page and a comparison with the binary PAIRBENCH, opens them through chromedriver (WebDriver over
loopback, nothing but the standard library), and checks: nothing on the console, no request but for the page itself, nothing
wider than the window at 390 and 1400 pixels in light and dark, tables that sort, and that all of it is there without scripts.
Screenshots go to DIRECTORY, which is a temporary one by default.
"""

import base64
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]
WIDTHS = [390, 1400]
# By how much the page is wider than the window, and the elements that are, except inside what scrolls. The width is given:
# `innerWidth` of an emulated phone grows with the page.
OVERFLOW = """
const [width] = arguments;
const wide = [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll *, svg") && e.getBoundingClientRect().right > width + 1);
return [document.documentElement.scrollWidth - width, ...wide.map(e => e.outerHTML.slice(0, 80))];
"""


class Browser:
    """A session of chromedriver."""

    def __init__(self, scripts=True):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        options = {
            "binary": shutil.which("chromium"),
            "args": [*FLAGS, f"--user-data-dir={self.profile.name}"],
            "prefs": {} if scripts else {"profile.managed_default_content_settings.javascript": 2},
        }
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        for _ in range(100):
            try:
                self.call("GET", "/status")
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        self.session = "/session/" + self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            sys.exit(f"chromedriver: {error.read().decode()}")

    def post(self, path, **body):
        return self.call("POST", self.session + path, body)

    def devtools(self, command, **parameters):
        return self.post("/goog/cdp/execute", cmd=command, params=parameters)

    def run(self, script, *arguments):
        return self.post("/execute/sync", script=script, args=list(arguments))

    def show(self, page, width, theme):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.post("/url", url=page.as_uri())

    def logged(self, kind):
        return self.post("/se/log", type=kind)

    def screenshot(self, to):
        whole = self.devtools("Page.captureScreenshot", captureBeyondViewport=True)
        to.write_bytes(base64.b64decode(whole["data"]))

    def close(self):
        self.call("DELETE", self.session)
        self.driver.terminate()
        self.driver.wait()
        self.profile.cleanup()


def check(what, holds, found=""):
    if not holds:
        sys.exit(f"failed: {what}: {found}")


def make_pages(pairbench, into):
    """The quickstart's page, a comparison, and one with three models and names that no page should trust."""

    def page(name, *arguments):
        done = subprocess.run([pairbench, *arguments], capture_output=True)
        check(" ".join(arguments), done.returncode in (0, 3), done.stderr.decode())
        (into / name).write_bytes(done.stdout)
        return into / name

    run, hostile = str(into / "run"), str(into / "hostile.jsonl")
    rows = [{"prompt": "<script>document.title='x'</script>" * 9, "chosen": "<img src=x onerror=alert(1)>", "rejected": "a" * 500, "subset": s, "id": i}
            for i, s in enumerate(["</svg><script>alert(1)</script>", "'\"&", "\u202eevil", "x" * 70])]
    pathlib.Path(hostile).write_text("".join(json.dumps(row) + "\n" for row in rows))
    models = [f"{name}=quickstart/{path}" for name, path in [("<b>&amp;", "pairrm"), ("y" * 60, "better-pairrm"), ("z", "pairrm")]]
    subprocess.run([pairbench, "run", "--out", run], check=True, capture_output=True)
    return [
        into / "run" / "report.html",
        page("compare.html", "compare", f"{run}:pairrm", f"{run}:better-pairrm", "--gate", "drop:average:0.01", "--gate", "max-invalid:0", "--format", "html"),
        page("hostile.html", "run", "--data", hostile, "--format", "html", *[part for model in models for part in ("--model", model)]),
    ]


def look(browser, page, name, shots):
    # What the browser's start page asks for is not this page's doing.
    browser.post("/url", url="about:blank")
    browser.logged("performance")
    for width in WIDTHS:
        for theme in ["light", "dark"]:
            browser.show(page, width, theme)
            excess = browser.run(OVERFLOW, width)
            check(f"{name}: nothing is wider than {width} pixels", excess == [0], excess)
            browser.screenshot(shots / f"{name}-{width}-{theme}.png")
    messages = browser.logged("browser")
    check(f"{name}: nothing on the console", messages == [], messages)
    events = [json.loads(entry["message"])["message"] for entry in browser.logged("performance")]
    asked = {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}
    check(f"{name}: no request but for the page", asked == {page.as_uri()}, asked)


COLUMN = "return [...document.querySelector('table').tBodies[0].rows].map(row => row.cells[arguments[0]].textContent)"
SORTED = "return [...document.querySelectorAll('thead th')].map(head => head.ariaSort)"
CLICK = "document.querySelectorAll('thead button')[arguments[0]].click()"


def sorts(browser, page):
    browser.show(page, 1400, "light")
    before = browser.run(COLUMN, 2)
    for expected in ["descending", "ascending", "none"]:
        browser.run(CLICK, 2)
        found, heads = browser.run(COLUMN, 2), browser.run(SORTED)
        check("the head says how its column is sorted", heads[2] == expected and set(heads[:2] + heads[3:]) == {"none"}, heads)
        by_value = sorted(before, key=float, reverse=expected == "descending")
        check(f"figures are {expected}", found == (before if expected == "none" else by_value) and by_value != before, found)
    browser.run(CLICK, 0)
    names = browser.run(COLUMN, 0)
    check("names are sorted", names == sorted(names) and browser.run(SORTED)[0] == "ascending", names)


def main():
    pairbench = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as temporary:
        into = pathlib.Path(temporary)
        shots = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else into / "shots"
        shots.mkdir(parents=True, exist_ok=True)
        pages = make_pages(pairbench, into)
        browser = Browser()
        try:
            for page, name in zip(pages, ["run", "compare", "hostile"]):
                look(browser, page, name, shots)
                check(f"{name}: scripts are the page's own", browser.run("return document.scripts.length") == 1)
            sorts(browser, pages[0])
        finally:
            browser.close()
        browser = Browser(scripts=False)
        try:
            browser.show(pages[0], 390, "light")
            browser.screenshot(shots / "run-without-scripts.png")
            rows = browser.call("POST", browser.session + "/elements", {"using": "css selector", "value": "tbody tr"})
            buttons = browser.call("POST", browser.session + "/elements", {"using": "css selector", "value": "button"})
            check("without scripts the table is there, and no dead button", len(rows) > 10 and buttons == [], (len(rows), len(buttons)))
        finally:
            browser.close()
    print(f"browser: {len(pages)} pages hold; screenshots: {shots if len(sys.argv) > 2 else 'not kept'}")


if __name__ == "__main__":
    main()
