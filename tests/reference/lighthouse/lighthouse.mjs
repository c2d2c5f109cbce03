// Judges pages of the demo at ADDRESS with the Lighthouse that is installed in FOLDER, the first MOST of them; one line of JSON each.
import { execFileSync } from "node:child_process";

const [address, folder, most] = process.argv.slice(2);
const PAGES = [
  ["coordinator@lindenau.example", "/cases/"],
  ["student1@lindenau.example", "/"],
  ["student1@lindenau.example", "/programmes"],
  ["coordinator@lindenau.example", "/cases?waiting_for_me=true"],
  ["coordinator@lindenau.example", "/agreements"],
];
const FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-quic --disable-background-networking --disable-component-update --disable-sync";

// A connection that the server has closed meanwhile is no fault of the page.
const ask = async (path, options) => {
  for (let left = 3; ; left -= 1) {
    try {
      return await fetch(address + path, options);
    } catch (fault) {
      if (left === 0) throw fault;
    }
  }
};

// Chromium sometimes records nothing where the machine is busy; Lighthouse then asks to be run again.
const judge = (...call) => {
  for (let left = 3; ; left -= 1) {
    try {
      return execFileSync(...call);
    } catch (fault) {
      if (left === 0 || !String(fault.stderr).includes("Please run Lighthouse again")) throw fault;
    }
  }
};

const cookies = (answer) => answer.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);

const signIn = async (email) => {
  const form = await ask("/login");
  const [, seal] = (await form.text()).match(/name="seal" value="([^"]+)"/);
  const body = new URLSearchParams({ seal, email, password: "sojourn for everybody" });
  const headers = { Cookie: cookies(form).join("; "), Origin: address };
  const signedIn = await ask("/login", { method: "POST", redirect: "manual", headers, body });
  return [...cookies(form), ...cookies(signedIn)].join("; ");
};

for (const [email, page] of PAGES.slice(0, Number(most))) {
  const headers = { Cookie: await signIn(email) };
  let path = page;
  if (page === "/cases/") {
    const list = await (await ask("/cases?waiting_for_me=true", { headers })).text();
    [, path] = list.match(/href="(\/cases\/[0-9a-f-]{36})"/);
  }
  const wanted = ["--quiet", "--output=json", "--only-categories=performance,accessibility,best-practices"];
  const extra = [`--extra-headers=${JSON.stringify(headers)}`, `--chrome-flags=${FLAGS}`];
  const environment = { ...process.env, CHROME_PATH: "/usr/bin/chromium" };
  const options = { env: environment, maxBuffer: 1 << 28 };
  const told = judge(`${folder}/node_modules/.bin/lighthouse`, [address + path, ...wanted, ...extra], options);
  const report = JSON.parse(told);
  const scores = Object.entries(report.categories).map(([name, { score }]) => [name, Math.round(score * 100)]);
  const stayed = report.finalDisplayedUrl === address + path;
  console.log(JSON.stringify({ page, stayed, ...Object.fromEntries(scores) }));
}
