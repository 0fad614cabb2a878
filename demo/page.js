"use strict";
// Asks for the count every two seconds, without a token: that marks nobody. Tokens live in this file's memory only.

const POLL_SECONDS = 2;
const GIVE_UP_SECONDS = 3;
const LINE_SECONDS = 300;

const $ = (selector, inside = document) => inside.querySelector(selector);
const now = () => performance.now() / 1000;

let samples = []; // {at: seconds on now()'s clock, count: null for unknown}, oldest first
let unknownSince = null; // a Date
let asked = 0; // how many polls were begun: an answer to an earlier one is out of date
let waiting = 0; // how many of them have no answer yet
const people = new Map(); // name -> {name, row, token, sent, seen: seconds on now()'s clock}

const minutes = () => $("#windows input:checked").value;

// Calls the app, which must answer in time; throws where it does not.
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

// --- the count ---

async function poll() {
  if (document.hidden) return;
  const number = ++asked;
  waiting += 1;
  let count = null;
  let state = "app";
  try {
    const { status, json } = await call("GET", `/api/online?minutes=${minutes()}`);
    count = status === 200 ? json.online : null;
    state = { 200: "known", 503: "store" }[status] ?? "app";
  } catch (error) {
    console.info(`${error.name}: the app does not answer`);
  }
  waiting -= 1;
  if (number !== asked) return;
  samples = [...samples.filter(({ at }) => at > now() - LINE_SECONDS), { at: now(), count }];
  show(count, state);
}

// state: known, waiting (for the first answer), store or app (which does not answer).
function show(count, state) {
  if (state === "known") unknownSince = null;
  else if (state !== "waiting") unknownSince ??= new Date();
  const text = count === null ? "?" : String(count);
  if ($("#number").textContent !== text) $("#number").textContent = text; // a change is read out, a repetition is not
  $("#count").dataset.state = state;
  $("#since").textContent = unknownSince ? unknownSince.toLocaleTimeString(document.documentElement.lang) : "";
  document.title = document.title.replace(/^\S+/, text);
  drawLine();
}

function drawLine() {
  const most = Math.max(1, ...samples.map(({ count }) => count));
  let last = -Infinity; // when the sample before was taken, if it was known
  const steps = samples.map(({ at, count }) => {
    if (count === null) {
      last = -Infinity;
      return "";
    }
    const pen = at - last > 3 * POLL_SECONDS ? "M" : "L";
    last = at;
    const x = 300 - ((now() - at) * 300) / LINE_SECONDS;
    return `${pen}${x.toFixed(1)} ${(57 - (54 * count) / most).toFixed(1)}`;
  });
  $("#line").setAttribute("d", steps.join(""));
}

function startAnew() {
  samples = [];
  show(null, "waiting");
  poll();
  for (const person of people.values()) showAge(person);
}

// --- people ---

async function signIn(name, password) {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  const answer = await clicked("POST", "/api/tokens", `Basic ${btoa(String.fromCharCode(...bytes))}`);
  if (answer?.status !== 200) return;
  if (!people.has(name)) people.set(name, newPerson(name));
  const person = people.get(name);
  person.token = answer.json.token;
  wasSeen(person);
}

function newPerson(name) {
  const row = $("#person").content.cloneNode(true).firstElementChild;
  for (const place of row.querySelectorAll(".name")) place.textContent = name; // as text: a name may look like HTML
  const person = { name, row, token: null, sent: now(), seen: now() };
  for (const button of row.querySelectorAll("button")) {
    button.addEventListener("click", () => send(person, button.dataset.path, clicked));
  }
  $("#people").append(row);
  return person;
}

async function send(person, path, how) {
  person.sent = now();
  const token = person.token;
  const answer = await how("GET", path, `Bearer ${token}`).catch(() => null); // a missed heartbeat
  if (answer?.status === 200 && answer.json.last_seen !== null) wasSeen(person); // null: the store did not take it
  if (answer?.status === 401 && people.get(person.name)?.token === token) {
    person.row.remove(); // the token has expired, or the account is gone
    people.delete(person.name);
  }
}

function wasSeen(person) {
  person.seen = now();
  showAge(person);
  poll();
}

function showAge(person) {
  const age = now() - person.seen;
  const seconds = minutes() * 60;
  for (const place of person.row.querySelectorAll(".age")) place.textContent = Math.floor(age);
  person.row.classList.toggle("gone", age >= seconds);
  $("progress", person.row).max = seconds;
  $("progress", person.row).value = Math.max(0, seconds - age);
}

// Calls, and shows what went over the wire; passwords and the rest of a token are nobody's business.
async function clicked(method, path, authorization) {
  const [scheme, secret] = authorization.split(" ");
  const head = `${method} ${path} HTTP/1.1\nAuthorization: ${scheme} ${scheme === "Bearer" ? secret.slice(0, 8) : ""}…\n\n`;
  try {
    const answer = await call(method, path, authorization);
    const json = JSON.stringify(answer.json, (key, value) => (key === "token" ? `${value.slice(0, 8)}…` : value), 2);
    $("#exchange").textContent = `${head}${answer.status} ${answer.statusText}\n${json}`;
    return answer;
  } catch (error) {
    $("#exchange").textContent = `${head}${error.name}`;
    return null;
  }
}

// --- every second, and what the reader does ---

function tick() {
  for (const person of people.values()) {
    showAge(person);
    const isDue = now() - person.sent >= Math.max(1, Math.min(20, (minutes() * 60) / 3));
    if ($("input", person.row).checked && isDue && !document.hidden) send(person, "/api/me", call);
  }
}

$("#language").addEventListener("click", () => {
  const root = document.documentElement;
  root.lang = root.lang === "en" ? "zh-CN" : "en";
});
$("#windows").addEventListener("change", startAnew);
$("#sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  signIn(form.elements.name.value, form.elements.password.value);
  form.reset();
});
for (const button of document.querySelectorAll("#sign-in [data-name]")) {
  button.addEventListener("click", () => signIn(button.dataset.name, button.dataset.password));
}
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    show(null, "waiting"); // what was known is old by now
    poll();
  }
});
setInterval(() => waiting || poll(), POLL_SECONDS * 1000);
setInterval(tick, 1000);
poll();
