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

// Forms go on with the seal of whoever is logged in now: whether anybody is.
const sealed = async () => {
  const answer = await fetch("/session", { headers: { Accept: "application/json" } });
  const { seal } = await answer.json();
  if (seal) for (const input of all("input[name=seal]")) input.value = seal;
  return Boolean(seal);
};

// Two clicks are one sending.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  if (form.action.endsWith("/logout")) sessionStorage.clear();
  else if (asks) sessionStorage.setItem("sent", sessionStorage.getItem("asked") || "null");
  else sessionStorage.setItem("sent", JSON.stringify([HERE, named(form)]));
  for (const button of all("button", form)) button.setAttribute("aria-disabled", "true");
});
window.addEventListener("pageshow", () => {
  for (const form of all("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of all("button", form)) button.removeAttribute("aria-disabled");
  }
});

// What was typed and not sent comes back on the same page: after a lost session, a fault of the network, the way back. Each field is kept with
// what the page brought in it, and comes back only where the page brings the same again: what others have changed meanwhile stays. Nothing
// secret is kept, nothing for anybody else, and nothing that has been sent.
const typed = {
  of: (path) => "typed " + path,
  read: (path) => JSON.parse(sessionStorage.getItem(typed.of(path)) || "{}"),
  write: (path, kept) => {
    if (Object.keys(kept).length === 0) { sessionStorage.removeItem(typed.of(path)); return; }
    try { sessionStorage.setItem(typed.of(path), JSON.stringify(kept)); } catch { /* A browser keeps only so much. */ }
  },
  forget: (path, form) => {
    const others = Object.entries(typed.read(path)).filter(([name]) => !name.startsWith(form + " "));
    typed.write(path, Object.fromEntries(others));
  },
};
// A form that was not taken comes back under the address it was sent to: what is typed there belongs to the page it was sent from.
const sent = JSON.parse(sessionStorage.getItem("sent") || "null");
sessionStorage.removeItem("sent");
const bad = Boolean(document.querySelector(".summary, [data-fault]"));
const HERE = sent && bad ? sent[0] : location.pathname;
const named = (form) => form.getAttribute("id") || form.getAttribute("action") || "";
const forget = (form) => typed.forget(HERE, named(form));
const SECRET = "[type=hidden], [type=password], [type=file], [autocomplete=one-time-code], [readonly]";
const ticks = (field) => ["checkbox", "radio"].includes(field.type);
const fields = (form) => [...form.elements].filter((one) => one.name && one.matches("input, select, textarea") && !one.matches(SECRET));
const holds = (field) => ticks(field) ? field.checked : field.value;
const brought = (field) => {
  if (ticks(field)) return field.defaultChecked;
  if (!field.options) return field.defaultValue;
  return ([...field.options].find((one) => one.defaultSelected) || field.options[0])?.value ?? "";
};
// A name may come several times: by what a box stands for, else by its place.
const known = (form, field) => {
  const alike = fields(form).filter((one) => one.name === field.name);
  return [named(form), field.name, ticks(field) ? field.value : alike.indexOf(field)].join(" ");
};
const whose = document.documentElement.dataset.who || "";
if (whose && sessionStorage.getItem("who") !== whose) {
  sessionStorage.clear();
  sessionStorage.setItem("who", whose);
}
// The form that was sent last is done with where the next page says of nothing that it was not done; a page that asks once more says
// neither.
const asks = Boolean(document.querySelector("input[name=sure]"));
const came = performance.getEntriesByType("navigation")[0]?.type === "navigate" && document.referrer.startsWith(location.origin);
if (sent && asks) sessionStorage.setItem("asked", JSON.stringify(sent));
else if (sent && came && !bad) typed.forget(...sent);
const keeps = all("form[method=post]").filter((form) => fields(form).length > 0 && !form.querySelector("[type=password]"));
for (const form of keeps) {
  const kept = typed.read(HERE);
  let back = false;
  for (const field of fields(form)) {
    const [was, is] = kept[known(form, field)] || [];
    if (is === undefined || was !== brought(field)) continue;
    if (ticks(field)) field.checked = is; else field.value = is;
    back = true;
  }
  // What saves itself does so now.
  if (back) setTimeout(() => form.dispatchEvent(new Event("saves")));
  const keep = ({ target: field }) => {
    if (!fields(form).includes(field)) return;
    const kept = typed.read(HERE);
    for (const one of field.type === "radio" ? fields(form).filter((one) => one.name === field.name) : [field]) {
      const name = known(form, one), [was] = kept[name] || [brought(one)];
      kept[name] = [was, holds(one)];
    }
    typed.write(HERE, kept);
  };
  for (const kind of ["input", "change"]) form.addEventListener(kind, keep);
}

// A form that saves itself a moment after the last change, one sending at a time, and says so.
for (const form of all("form[data-saves]")) {
  const told = form.querySelector(".saved");
  const door = form.querySelector("a.log-in");
  let timer, busy = false, again = false;
  const say = (word) => {
    told.textContent = form.dataset[word] || "";
    if (door) door.hidden = word !== "ended";
  };
  const post = () => fetch(form.action, {
    method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" }, redirect: "manual",
  });
  const save = async () => {
    if (busy) { again = true; return; }
    busy = true;
    say("saving");
    try {
      let answer = await post();
      // Whoever has logged in again meanwhile goes on.
      if ([401, 403].includes(answer.status)) {
        if (!await sealed()) { say("ended"); return; }
        answer = await post();
      }
      if (!answer.ok) { say({ 401: "ended", 409: "stale", 422: "wrong" }[answer.status] || "failed"); return; }
      const { version } = await answer.json();
      for (const input of all("input[name=version][data-of=case]")) input.value = version;
      forget(form);
      say("kept");
    } catch { say("failed"); } finally {
      busy = false;
      if (again) { again = false; save(); }
    }
  };
  form.addEventListener("saves", () => { clearTimeout(timer); timer = setTimeout(save, 800); });
  for (const kind of ["input", "change"]) form.addEventListener(kind, () => form.dispatchEvent(new Event("saves")));
  window.addEventListener("focus", () => { if (door && !door.hidden) save(); });
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
    const said = list.closest("fieldset").querySelector("[role=status]");
    if (said) said.textContent = picks[to].labels[0].textContent + ": " + picks[to].selectedOptions[0].textContent;
    list.closest("form").dispatchEvent(new Event("saves"));
  });
  // One more place: the last one again, empty, under the next number.
  const add = list.closest("fieldset").querySelector("button[name=add]");
  add?.addEventListener("click", (event) => {
    event.preventDefault();
    const last = list.lastElementChild, place = last.cloneNode(true), number = list.children.length;
    const next = (text) => text.replace(number, number + 1);
    const pick = place.querySelector("select"), label = place.querySelector("label");
    all(".note-box, .fault", place).forEach((one) => one.remove());
    place.querySelector(".wrong")?.classList.remove("wrong");
    place.querySelector(".place").textContent = number + 1;
    label.textContent = next(label.textContent);
    label.htmlFor = pick.id = next(pick.id);
    pick.removeAttribute("aria-invalid");
    pick.setAttribute("aria-describedby", "choices-hint");
    pick.value = "";
    for (const button of all("button", place)) {
      button.value = next(button.value);
      button.setAttribute("aria-label", next(button.getAttribute("aria-label")));
    }
    const [up, down] = all("button", place);
    up.disabled = false;
    down.disabled = true;
    all("button", last)[1].disabled = false;
    list.append(place);
    add.hidden = number + 2 >= pick.options.length;
    pick.focus();
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
    if (!await sealed()) { ended(form, again); return; }
    if (form.matches(".upload")) upload(form); else form.submit();
  } catch { failed(form, form.dataset.failed); }
};
for (const form of all("form:has(template.ended)")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!form.dataset.sent) send(form);
  });
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
