// What pages do better with a script. Every page works without it.
"use strict";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// What was not right is read out and in view, also after a form came back.
document.querySelector(".summary")?.focus();

// A menu closes by Escape, by a press elsewhere and when the focus leaves it.
for (const menu of all("details.menu")) {
  const close = () => { menu.open = false; };
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) { close(); menu.querySelector("summary").focus(); }
  });
  menu.addEventListener("focusout", (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) close(); });
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) close(); });
}

// Two clicks are one sending.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  if (form.action.endsWith("/logout")) sessionStorage.clear();
  for (const button of all("button", form)) button.setAttribute("aria-disabled", "true");
});
window.addEventListener("pageshow", () => {
  for (const form of all("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of all("button", form)) button.removeAttribute("aria-disabled");
  }
});

// A form that saves itself a moment after the last change, one sending at a time, and says so.
for (const form of all("form[data-saves]")) {
  const told = form.querySelector(".saved");
  let timer, busy = false, again = false;
  const say = (word) => { told.textContent = form.dataset[word] || ""; };
  const save = async () => {
    if (busy) { again = true; return; }
    busy = true;
    say("saving");
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" });
      if (!answer.ok) { say(answer.status === 409 ? "stale" : answer.status === 422 ? "wrong" : "failed"); return; }
      const { version } = await answer.json();
      for (const input of all("input[name=version][data-of=case]")) input.value = version;
      say("kept");
    } catch { say("failed"); } finally {
      busy = false;
      if (again) { again = false; save(); }
    }
  };
  form.addEventListener("saves", () => { clearTimeout(timer); timer = setTimeout(save, 800); });
  for (const kind of ["input", "change"]) form.addEventListener(kind, () => form.dispatchEvent(new Event("saves")));
}

// The order of choices: a press moves a choice by one place, and the focus goes with it.
for (const list of all("ol.wishes")) {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=move]");
    if (!button) return;
    event.preventDefault();
    const picks = all("select", list);
    const from = all("button[name=move]", list).indexOf(button) >> 1;
    const to = from + (button.value.endsWith("up") ? -1 : 1);
    if (!picks[to]) return;
    [picks[from].value, picks[to].value] = [picks[to].value, picks[from].value];
    const there = all("button[name=move]:not(:disabled)", list.children[to]);
    (there.find((one) => one.value.endsWith(button.value.endsWith("up") ? "up" : "down")) || there[0]).focus();
    const said = list.parentElement.querySelector("[role=status]");
    if (said) said.textContent = picks[to].labels[0].textContent + ": " + picks[to].selectedOptions[0].textContent;
    list.closest("form").dispatchEvent(new Event("saves"));
  });
}

// A form with a file goes only while somebody is signed in; else the file stays chosen until they are. What is wrong stands beside it.
const clean = (form, busy) => {
  all("[role=alert], .bar", form).forEach((one) => one.remove());
  if (busy) form.dataset.sent = "yes"; else delete form.dataset.sent;
  for (const button of all("button", form)) {
    if (busy) button.setAttribute("aria-disabled", "true"); else button.removeAttribute("aria-disabled");
  }
};
const failed = (form, text) => {
  clean(form);
  const fault = Object.assign(document.createElement("p"), { className: "fault", textContent: text });
  fault.setAttribute("role", "alert");
  form.append(fault);
};
const ended = (form, still) => {
  clean(form);
  const kept = form.querySelector("template.ended");
  kept.after(kept.content.cloneNode(true));
  const told = kept.nextElementSibling;
  told.querySelector(".still").hidden = !still;
  told.querySelector("button").addEventListener("click", () => send(form, true));
  told.focus();
};
// How far a file has come.
const upload = (form) => {
  const bar = Object.assign(document.createElement("progress"), { className: "bar", max: 1, value: 0 });
  bar.setAttribute("aria-label", form.querySelector("button").getAttribute("aria-label"));
  form.append(bar);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "text/html");
  request.responseType = "document";
  request.upload.onprogress = (now) => { if (now.lengthComputable) bar.value = now.loaded / now.total; };
  request.onload = () => {
    if (request.status === 200) { location.assign(request.responseURL); if (location.hash) location.reload(); return; }
    if (request.status === 401) { ended(form); return; }
    const told = request.response?.querySelector(".summary p, .told, main p");
    failed(form, told ? told.textContent : form.dataset.failed);
  };
  request.onerror = () => failed(form, form.dataset.failed);
  request.send(new FormData(form));
};
const send = async (form, again) => {
  clean(form, true);
  try {
    const answer = await fetch("/session", { headers: { Accept: "application/json" } });
    const { seal } = await answer.json();
    if (!seal) { ended(form, again); return; }
    for (const input of all("input[name=seal]")) input.value = seal;
    if (form.matches(".upload")) upload(form); else form.submit();
  } catch { failed(form, form.dataset.failed); }
};
for (const form of all("form:has(template.ended)")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!form.dataset.sent) send(form);
  });
}

// What was typed and not sent comes back on the same page, once: after a lost session, a fault of the network, the way back.
const KEPT = "typed " + location.pathname;
const keeps = all("form[data-keeps]");
const texts = (form) => all("textarea, input[type=text], select", form).filter((one) => one.name);
if (keeps.length > 0) {
  if (document.querySelector(".done")) sessionStorage.removeItem(KEPT);
  const kept = JSON.parse(sessionStorage.getItem(KEPT) || "{}");
  for (const form of keeps) {
    for (const field of texts(form)) {
      const was = kept[form.id + " " + field.name];
      if (was !== undefined && !field.value) field.value = was;
      field.addEventListener("input", () => {
        kept[form.id + " " + field.name] = field.value;
        sessionStorage.setItem(KEPT, JSON.stringify(kept));
      });
    }
  }
}

// Ticks every box of a list, or none.
for (const button of all("button[data-ticks]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const boxes = all("input[type=checkbox][name=case]", button.form);
    const tick = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = tick;
  });
}

// From one case to the next by a key, unless somebody types, holds another key down, or has turned it off.
const KEYS = "keys off";
for (const hint of all("[data-keys]")) {
  const button = hint.querySelector("button");
  const show = () => button.setAttribute("aria-pressed", localStorage.getItem(KEYS) ? "false" : "true");
  hint.hidden = false;
  show();
  button.addEventListener("click", () => {
    if (localStorage.getItem(KEYS)) localStorage.removeItem(KEYS); else localStorage.setItem(KEYS, "yes");
    show();
  });
  document.addEventListener("keydown", (event) => {
    if (localStorage.getItem(KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    all("a[data-key]").find((link) => link.dataset.key === event.key)?.click();
  });
}

// What goes on is looked at again.
for (const one of all("[data-again]")) setTimeout(() => location.replace(location.pathname), Number(one.dataset.again));

// The text of a workflow is looked at a moment after the last change; a link to a line leads into the text.
for (const form of all("form[data-preview]")) {
  const text = form.querySelector("textarea"), gutter = form.querySelector(".gutter"), told = form.querySelector(".checking");
  let timer, last = 0;
  const number = () => {
    const lines = text.value.split("\n").length;
    if (gutter.textContent.split("\n").length - 1 === lines) return;
    gutter.textContent = Array.from({ length: lines }, (_, at) => at + 1 + "\n").join("");
    form.querySelector(".beside").textContent = "";
  };
  const look = async () => {
    const mine = ++last;
    told.textContent = form.dataset.checking;
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.dataset.preview, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" });
      if (mine !== last) return;
      if (!answer.ok) { told.textContent = form.dataset.unchecked; return; }
      const found = await answer.json();
      form.querySelector(".told-list").innerHTML = found.findings;
      gutter.innerHTML = found.gutter;
      form.querySelector(".beside").innerHTML = found.beside;
      const picture = form.querySelector(".road img");
      picture.hidden = !found.picture;
      form.querySelector(".no-picture").hidden = Boolean(found.picture);
      if (found.picture) picture.src = found.picture;
      told.textContent = "";
    } catch { if (mine === last) told.textContent = form.dataset.unchecked; }
  };
  text.addEventListener("input", () => { number(); clearTimeout(timer); timer = setTimeout(look, 700); });
  form.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-line]");
    if (!link) return;
    event.preventDefault();
    const before = text.value.split("\n").slice(0, link.dataset.line - 1).join("\n").length;
    const from = before + (link.dataset.line > 1 ? 1 : 0);
    text.focus({ preventScroll: true });
    text.setSelectionRange(from, from);
    gutter.querySelector("#line-" + link.dataset.line)?.scrollIntoView({ block: "center", inline: "start" });
  });
  // Whoever leaves with unsaved text is asked once.
  const begun = text.value;
  window.addEventListener("beforeunload", (event) => { if (!form.dataset.sent && text.value !== begun) event.preventDefault(); });
}
