"use strict";
// Asks every two seconds what the store remembers, without a token: that marks nobody. The page draws the answer and
// nothing that it believes by itself. Tokens live in this file's memory only. All times are seconds on now()'s clock.

const POLL_SECONDS = 2;
const GIVE_UP_SECONDS = 3;
const SLIDE_SECONDS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 0.25; // as page.css has it
const MOST_KEPT = 2000; // samples, an hour of them; and dots of a user
const UNITS = { day: 86400, hour: 3600, minute: 60, second: 1 };

const root = document.documentElement;
const $ = (selector, inside = document) => inside.querySelector(selector);
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const now = () => performance.now() / 1000;

let samples = []; // {at, minutes: the window, count: null for unknown}, oldest first
let unknownSince = null; // a Date
let started = null; // when the app was started, by its own clock
let asked = 0; // how many polls were begun: an answer to an earlier one is out of date
let waiting = 0; // how many of them have no answer yet
let origin = 0; // what time stands at the left edge of the strips
// name -> {name, row, token, sent, seen, stamp: seen, by the app's clock, dots: [{at, stamp, element}], isOnline, why}
const people = new Map();

const minutes = () => $("#windows input:checked").value;
const seconds = () => minutes() * 60; // of the window; the picture is twice as long
const asTime = (date) => date.toLocaleTimeString(root.lang);

// Throws where the app does not answer in time.
async function call(method, path, authorization) {
  const response = await fetch(path.slice(1), { // relative to the page, which may stand below a prefix
    method,
    headers: authorization ? { Authorization: authorization } : {},
    cache: "no-store",
    credentials: "omit",
    signal: AbortSignal.timeout(GIVE_UP_SECONDS * 1000),
  });
  return { status: response.status, statusText: response.statusText, json: await response.json() };
}

async function poll() {
  if (document.hidden) return;
  const number = ++asked;
  waiting += 1;
  let told, state = "app";
  try {
    const { status, json } = await call("GET", `/page/online?minutes=${minutes()}`);
    if (status === 200) told = json;
    state = { 200: "known", 503: "store" }[status] ?? "app";
  } catch (error) {
    console.info(`${error.name}: the app does not answer`);
  }
  waiting -= 1;
  if (number !== asked) return;
  samples = [...samples, { at: now(), minutes: minutes(), count: told?.online ?? null }].slice(-MOST_KEPT);
  if (told) hear(told);
  show(told, state);
}

// Each user's last request becomes a dot; one that the store has forgotten is struck out.
function hear({ now: theirs, started: start, users }) {
  const isRestarted = started !== null && start !== started;
  started = start;
  if (isRestarted) $("#restarted").hidden = false;
  $("#restarted time").textContent = asTime(new Date(start * 1000));
  for (const { name } of users) personNamed(name);
  for (const person of people.values()) {
    const user = users.find(({ name }) => name === person.name);
    person.isOnline = Boolean(user);
    for (const { stamp, element: { classList } } of person.dots) {
      const isLost = user ? stamp > user.last_seen : theirs - stamp < seconds() - 1; // and none that is just leaving
      if (!isLost || classList.contains("lost")) continue;
      classList.add("lost");
      person.why = isRestarted ? "restart" : person.isLeaving ? "signed-out" : "removed";
    }
    if (!user || user.last_seen === person.stamp) continue;
    Object.assign(person, { stamp: user.last_seen, seen: now() - (theirs - user.last_seen) });
    if (person.dots.every(({ stamp }) => stamp < person.stamp)) addDot(person, user.mark);
  }
}

function addDot(person, mark) {
  const [element, code] = ["i", "code"].map((tag) => document.createElement(tag));
  element.className = "dot";
  person.dots.push({ at: person.seen, stamp: person.stamp, element });
  $(".strip", person.row).append(element);
  if (person.dots.length > MOST_KEPT) person.dots.shift().element.remove();
  person.why = "left";
  $(".mark", person.row).replaceWith(Object.assign(code, { className: "mark", textContent: mark })); // new: it flashes
}

// state: known, waiting (for the first answer), store or app (which does not answer).
function show(told, state) {
  unknownSince = state === "known" ? null : unknownSince ?? (state === "waiting" ? null : new Date());
  const text = String(told?.online ?? "?");
  if ($("#number").textContent !== text) $("#number").textContent = text; // a change is read out, a repetition is not
  $("#count").dataset.state = state;
  $("#names").textContent = told?.users.map(({ name }) => name).join(", ") ?? "";
  $("#since").textContent = unknownSince ? asTime(unknownSince) : "";
  document.title = document.title.replace(/^\S+/, text);
  draw();
}

// --- the picture: strips of time that slide to the left below the window's band ---

const across = (at) => (100 * (at - origin)) / (2 * seconds()); // in hundredths of what is shown

function draw() {
  for (const person of people.values()) drawLane(person);
  $("#time").style.setProperty("--shift", `${(100 - across(now() + SLIDE_SECONDS)).toFixed(3)}%`);
  const most = Math.max(1, ...samples.map(({ count }) => count));
  $("#line").setAttribute("d", path((sample) => sample.minutes === minutes(), most));
  $("#other").setAttribute("d", path((sample) => sample.minutes !== minutes(), most));
  $(".most").textContent = most;
}

function drawLane({ row, dots, seen, token, isOnline, why }) {
  const isLit = isOnline && now() - seen < seconds();
  if (row.dataset.state === "online" && isOnline && !isLit) poll(); // the number shall know it at once
  row.dataset.state = unknownSince ? "unknown" : isLit ? "online" : why;
  row.classList.toggle("is-in", token !== null);
  for (const { at, element: { style, classList } } of dots) {
    style.left = `${across(at)}%`;
    classList.toggle("unseen", now() - at >= seconds());
  }
  if (isLit) tellAgo($(".online", row), now() - seen);
}

// The number over time, as steps: where it is unknown, or no sample is of this kind, the line has a gap.
function path(isKind, most) {
  let open = false;
  return samples.map((sample, place) => {
    const until = samples[place + 1]?.at ?? now() + SLIDE_SECONDS;
    const pen = open ? "V" : `M${(10 * across(sample.at)).toFixed(1)} `;
    open = sample.count !== null && isKind(sample) && until - sample.at < 4 * POLL_SECONDS;
    return open ? `${pen}${(94 - (88 * sample.count) / most).toFixed(1)}H${(10 * across(until)).toFixed(1)}` : "";
  }).join("");
}

function tellAgo(place, age) {
  const [unit, size] = Object.entries(UNITS).find(([, size]) => age >= 2 * size) ?? ["second", 1];
  const text = (lang) => new Intl.RelativeTimeFormat(lang).format(-Math.floor(age / size), unit);
  for (const each of all(".ago", place)) each.textContent = text(each.closest("[lang]").lang);
}

// Another window stretches the picture at once: the strips do not slide there.
function stretch() {
  origin = now();
  all(".axis .from").forEach((place, number) => tellAgo(place, (2 - number) * seconds()));
  $("#time").classList.add("is-stretched");
  draw();
  $("#time").getBoundingClientRect(); // the browser notices it
  $("#time").classList.remove("is-stretched");
}

// A reload keeps what was chosen: the address has it.
const chosen = () => new URLSearchParams({ language: root.lang, minutes: minutes() });
const remember = () => history.replaceState(null, "", `?${chosen()}`);

function askAnew() {
  remember();
  stretch();
  show(null, "waiting"); // what was known is old by now
  poll();
}

async function signIn(name, password) {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  const answer = await clicked("POST", "/api/tokens", `Basic ${btoa(String.fromCharCode(...bytes))}`);
  if (answer?.status !== 200) return;
  Object.assign(personNamed(name), { token: answer.json.token, sent: now(), isLeaving: false });
  poll();
}

function personNamed(name) {
  if (people.has(name)) return people.get(name);
  const row = $("#person").content.cloneNode(true).firstElementChild;
  row.dataset.user = name;
  for (const place of all(".name", row)) place.textContent = name; // as text: a name may look like HTML
  $("#people").append(row);
  return meet(row);
}

function meet(row) {
  const person = { name: row.dataset.user, row, token: null, sent: now(), seen: 0, dots: [], why: "never" };
  people.set(person.name, person);
  const enter = $(".enter", row); // for the demo's own accounts
  enter?.addEventListener("click", () => signIn(person.name, enter.dataset.password));
  for (const button of all("[data-path]", row)) {
    const { path, method = "GET", within } = button.dataset;
    const query = () => (within === undefined ? "" : `?minutes=${minutes()}`);
    button.addEventListener("click", () => send(person, method, path + query(), clicked));
  }
  return person;
}

async function send(person, method, path, how) {
  person.sent = now();
  person.isLeaving = method === "POST";
  const token = person.token;
  const answer = await how(method, path, `Bearer ${token}`).catch(() => null); // a missed heartbeat
  const isOver = answer?.status === (person.isLeaving ? 200 : 401); // 401: expired, or the account is gone
  if (isOver && person.token === token) person.token = null;
  if (answer) poll();
}

// Calls, and shows what went over the wire; passwords and the rest of a token are nobody's business.
async function clicked(method, path, authorization) {
  const [scheme, secret] = authorization.split(" ");
  const start = scheme === "Bearer" ? secret.slice(0, 8) : "";
  const head = `${method} ${path} HTTP/1.1\nAuthorization: ${scheme} ${start}…\n\n`;
  try {
    const answer = await call(method, path, authorization);
    const json = JSON.stringify(answer.json, (key, value) => (key === "token" ? `${value.slice(0, 8)}…` : value), 2);
    $("#exchange").textContent = `${head}${answer.status} ${answer.statusText}\n${json}`;
    $("#trouble").dataset.why = { 200: "", 401: scheme }[answer.status] ?? "refused";
    $("#trouble .reason").textContent = answer.json.error ?? "";
    return answer;
  } catch (error) {
    $("#exchange").textContent = `${head}${error.name}`;
    $("#trouble").dataset.why = "app";
    return null;
  }
}

function sendHeartbeats() {
  const isDue = ({ sent }) => now() - sent >= Math.max(1, Math.min(20, seconds() / 3));
  for (const person of document.hidden ? [] : people.values()) {
    if (person.token && $("input", person.row).checked && isDue(person)) send(person, "GET", "/api/me", call);
  }
}

for (const row of all("#people .lane")) meet(row);
$("#language").addEventListener("click", () => {
  root.lang = root.lang === "en" ? "zh-CN" : "en";
  remember();
});
$("#windows").addEventListener("change", askAnew);
$("#sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  signIn(form.elements.name.value, form.elements.password.value);
  form.reset();
});
document.addEventListener("visibilitychange", () => document.hidden || askAnew());
setInterval(() => waiting || poll(), POLL_SECONDS * 1000);
setInterval(sendHeartbeats, 1000);
setInterval(draw, (SLIDE_SECONDS || POLL_SECONDS) * 1000);
stretch();
poll();
