"use strict";
// The story is kept in the address. Whenever the reader changes it, POST /api/replay counts it with every form; the
// clock then moves over the answer, and asks nothing. All times are seconds from 10:00.

const root = document.documentElement;
const $ = (selector, inside = document) => inside.querySelector(selector);
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const lanes = new Map(all(".lane").map((lane) => [lane.dataset.user, lane]));

let story = null; // as read() returns it
let answer = null; // what /api/replay said of it, or of the one before while the next answer is awaited
let isAsking, playing, writing; // whether an answer is awaited; timers that move the clock and write the address

// alice=60,120~2&dave=c30&set=180,-3600: a request at 60, one at 120 that process 2 answers, an account made at 30.
function read(text) {
  const fields = new URLSearchParams(text);
  const bounded = (text) => Math.max(-604800, Math.min(604800, Number(text) || 0)); // anybody may have written it
  const number = (name, otherwise) => bounded(fields.get(name) ?? otherwise);
  const pair = (name) => fields.get(name)?.split(",").map(bounded) ?? null;
  const items = [...lanes.keys()].flatMap((user) => fields.get(user)?.split(",").filter(Boolean).map((item) => {
    const [at, process = 1] = item.replace("c", "").split("~").map(bounded);
    return { user, at, process, isAccount: item[0] === "c" };
  }) ?? []);
  return {
    created: items.filter(({ isAccount }) => isAccount), marks: items.filter(({ isAccount }) => !isAccount),
    window: number("window", 300), resolution: number("resolution", 30), apart: number("apart", 0),
    set: pair("set"), down: pair("down"), until: number("until", 600), at: number("at", 0), ask: fields.get("ask"),
  };
}

function addressOf({ marks, created, ...rest }) {
  const items = (user) => [...created, ...marks].filter((each) => each.user === user)
    .map(({ at, process, isAccount }) => (isAccount ? `c${at}` : at + (process === 2 ? "~2" : "")));
  const fields = [...[...lanes.keys()].map((user) => [user, items(user)]), ...Object.entries(rest)];
  return `#${fields.filter(([, held]) => String(held || "")).map(([name, held]) => `${name}=${held}`).join("&")}`;
}

// Browsers refuse an address that changes all the time, as it would while something is dragged.
function write() {
  clearTimeout(writing);
  writing = setTimeout(() => history.replaceState(null, "", addressOf(story)), 200);
}

const asJson = ({ marks, created, window, until, resolution, apart, set, down }) => JSON.stringify({
  window, until, resolution, apart, created: created.map(({ user, at }) => ({ user, at })),
  marks: marks.map(({ user, at, process }) => ({ user, at, process })),
  set: set && { at: set[0], by: set[1] }, down: down && { since: down[0], until: down[1] },
});
async function ask() {
  if (isAsking) return; // and again afterwards, if the story is another one by then
  isAsking = true;
  const body = asJson(story);
  try {
    const json = await (await fetch("api/replay", { method: "POST", body })).json();
    $("#error").textContent = json.error ?? "";
    if (!json.error) answer = json;
    $("#silent").hidden = true;
  } catch (error) {
    console.info(`${error.name}: the lab does not answer`);
    $("#silent").hidden = false;
  }
  isAsking = false;
  if (body !== asJson(story)) ask();
  else if (answer) drawForms();
}

// After each change that the reader makes.
function changed() {
  story.ask = null;
  write();
  drawStory();
  ask();
}

function load() {
  story = read(location.hash.slice(1) || $(".scenario").hash.slice(1));
  for (const dot of all(".track .dot")) dot.remove();
  answer = null;
  document.body.classList.toggle("is-guessing", Boolean(story.ask));
  for (const question of all(".question")) {
    question.hidden = question.dataset.ask !== story.ask;
    $(".answer", question).hidden = true;
    for (const choice of all("button", question)) choice.removeAttribute("aria-pressed");
  }
  play(false);
  drawStory();
  ask();
}

const grain = () => (story.until <= 3600 ? 1 : 60); // seconds to which the reader sets times
const within = (at) => Math.max(0, Math.min(story.until, at));
const isSeen = ({ at }) => at <= story.at && story.at - at < story.window;

function clock(at) {
  const day = story.until > 86400 ? `+${Math.floor(at / 86400)}d ` : "";
  return day + new Date((36000 + at) * 1000).toISOString().slice(11, at % 1 ? 21 : 19); // tenths, if there are any
}

function place(element, since, until = since) {
  element.style.left = `${(100 * within(since)) / story.until}%`;
  element.style.width = until > since ? `${(100 * (within(until) - within(since))) / story.until}%` : "";
}

function slide(slider, at) {
  Object.assign(slider, { max: story.until, step: grain(), value: at });
  slider.setAttribute("aria-valuetext", clock(at));
}

function made(parent, className, text = "", tag = "span") {
  const element = Object.assign(document.createElement(tag), { className, textContent: text });
  parent.append(element);
  return element;
}

function drawStory() {
  for (const old of all(".track .lit, .track .account, .tick")) old.remove();
  for (const mark of story.marks) {
    mark.dot ??= newDot(mark);
    mark.dot.classList.toggle("second", mark.process === 2);
    slide(mark.dot, mark.at);
    place(made(mark.dot.parentElement, "lit"), mark.at, mark.at + story.window);
  }
  for (const { user, at } of story.created) place(made($(".track", lanes.get(user)), "account"), at);
  const step = [60, 120, 300, 600, 3600].find((seconds) => story.until / seconds <= 10) ?? 86400;
  for (let at = 0; at <= story.until; at += step) {
    place(made($("#ticks"), "tick", clock(at).slice(0, step === 86400 ? 3 : 5)), at);
  }
  for (const name of ["set", "down"]) {
    $(`#${name}`).hidden = !story[name];
    if (story[name]) place($(`#${name}`), ...story[name]);
  }
  const two = story.apart > 0 || story.marks.some(({ process }) => process === 2);
  document.body.classList.toggle("two-processes", two);
  const shown = { ...story, two, created: story.created.length };
  for (const field of $("#circumstances").elements) {
    field[field.type === "checkbox" ? "checked" : "value"] = shown[field.name];
  }
  for (const link of all(".scenario")) link.toggleAttribute("aria-current", read(link.hash.slice(1)).ask === story.ask);
  showNow();
}

const value = (curve, at) => curve.findLast(([since]) => since <= at)?.[1];
function path(curve, most) {
  const across = (at) => ((1000 * at) / answer.until).toFixed(1);
  return curve.map(([at, count], place) => {
    const pen = curve[place - 1]?.[1] == null ? "M" : "L"; // where the count is unknown, the line has a gap
    const end = curve[place + 1]?.[0] ?? answer.until;
    return count === null ? "" : `${pen}${across(at)} ${94 - (88 * count) / most}H${across(end)}`;
  }).join("");
}

function drawForms() {
  const curvesOfAll = [answer.truth, ...Object.values(answer.forms).flatMap(({ curves }) => curves)];
  const most = Math.max(1, ...curvesOfAll.flat().map(([, count]) => count));
  for (const form of all(".form")) {
    const { curves, wrong } = answer.forms[form.dataset.form];
    const [really, second, first] = all("path", form);
    really.setAttribute("d", path(answer.truth, most));
    first.setAttribute("d", path(curves[0], most));
    second.setAttribute("d", curves[1] ? path(curves[1], most) : "");
    $(".most", form).textContent = most;
    const inWords = (curve) => curve.map(([at, count]) => `${clock(at)} → ${count ?? "?"}`).join("; ");
    $(".steps", form).textContent = curves.map(inWords).join(" / ");
    $(".marks", form).replaceChildren();
    $(".stretches", form).replaceChildren();
    for (const [since, until, verdict] of wrong) {
      place(made($(".marks", form), verdict), since, until);
      const sign = { limit: "≈", unknown: "?" }[verdict] ?? "✗";
      made($(".stretches", form), "", `${sign} ${clock(since)}–${clock(until)}`, "button")
        .addEventListener("click", () => moveClock(Math.min(until - 1e-6, Math.ceil(since / grain()) * grain())));
    }
  }
  $("#found").hidden = !$(".marks .broken");
  $("#address").value = new URL(addressOf(story), location);
  showNow();
}

// What depends on the clock alone: moving it asks nobody.
function showNow() {
  const now = story.at;
  slide($("#clock"), now);
  $("#time").textContent = clock(now) + (story.set && now >= story.set[0] ? ` → ${clock(now + story.set[1])}` : "");
  place($("#band"), now - story.window, now);
  for (const line of all(".now")) place(line, now);
  for (const mark of story.marks) mark.dot.classList.toggle("unseen", !isSeen(mark));
  const online = [...lanes.keys()].filter((user) => story.marks.some((mark) => mark.user === user && isSeen(mark)));
  for (const [user, lane] of lanes) lane.classList.toggle("is-online", online.includes(user));
  $("#true").textContent = `${online.length} ${online.join(", ")}`;
  for (const form of answer ? all(".form") : []) {
    const { curves, wrong, remembers } = answer.forms[form.dataset.form];
    const [, , verdict, whys] = wrong.find(([since, until]) => since <= now && now < until) ?? [0, 0, "right", []];
    form.dataset.verdict = verdict;
    $(".number", form).textContent = curves.map((curve) => value(curve, now) ?? "?").join(" / ");
    for (const place of all(".says .really", form)) place.textContent = value(answer.truth, now);
    const why = (value(whys, now) ?? []).map((id) => $(`[data-why="${id}"]`, $("#whys").content).cloneNode(true));
    $(".why", form).replaceChildren(...why);
    $(".memory", form).replaceChildren();
    for (const [process, key, text, gone] of value(remembers, now) ?? []) {
      const item = made($(".memory", form), gone <= now ? "is-gone" : "", "", "li");
      made(item, "life").style.width = `${100 * Math.max(0, Math.min(1, (gone - now) / story.window))}%`;
      made(item, "key", (process && curves.length > 1 ? `${process}: ` : "") + key);
      made(item, "value", text);
    }
  }
}

// A request is a slider of its own, on a track that it shares with the user's other requests.
function newDot(mark) {
  const dot = Object.assign(made($(".track", lanes.get(mark.user)), "dot", "", "input"), { type: "range" });
  dot.setAttribute("aria-label", mark.user);
  let from = null; // where the pointer went down
  dot.addEventListener("pointerdown", ({ clientX }) => { from = clientX; });
  dot.addEventListener("input", () => { mark.at = Number(dot.value); changed(); });
  dot.addEventListener("pointerup", ({ clientX }) => { // a finger makes no click on a slider
    if (Math.abs(clientX - from) < 4) setTimeout(remove, 0, mark);
  });
  dot.addEventListener("keydown", ({ key }) => { if (["Delete", "Backspace"].includes(key)) remove(mark); });
  return dot;
}

function addWhere(event, user) {
  if (event.target !== event.currentTarget) return; // a request was clicked
  const { left, width } = event.target.getBoundingClientRect();
  add(user, within(Math.round((story.until * (event.clientX - left)) / width / grain()) * grain()));
}

function add(user, at) {
  story.marks.push({ user, at, process: $("[name=two]").checked ? 1 + (story.marks.length % 2) : 1 });
  changed();
}

function remove(mark) {
  story.marks = story.marks.filter((each) => each !== mark);
  mark.dot.remove();
  $(".user", lanes.get(mark.user)).focus(); // the keyboard would be nowhere
  changed();
}

function moveClock(at) {
  story.at = within(at);
  showNow();
  write();
}

function play(isOn) {
  clearInterval(playing);
  $("#play").setAttribute("aria-pressed", isOn);
  if (!isOn) return;
  if (story.at >= story.until) story.at = 0;
  const steps = matchMedia("(prefers-reduced-motion: reduce)").matches ? 20 : 400; // within twenty seconds
  playing = setInterval(() => {
    moveClock(story.at + story.until / steps);
    if (story.at >= story.until) play(false);
  }, 20000 / steps);
}

function makeUp() {
  const any = (...these) => these[Math.floor(Math.random() * these.length)];
  const other = any(1, 1, 2);
  const one = () => ({ user: any(...lanes.keys()), at: Math.round(9000 * Math.random()) / 10, process: any(1, other) });
  const marks = Array.from({ length: 5 + 20 * Math.random() }, one);
  location.hash = addressOf({ marks, created: [], until: 900, resolution: any(5, 30, 59), down: any("", "400,460") });
}

function change({ target: { name, value: text, checked } }) {
  const now = story.at;
  if (["window", "resolution", "until"].includes(name)) story[name] = Number(text);
  if (name === "two") story.marks.forEach((mark, place) => { mark.process = checked ? 1 + (place % 2) : 1; });
  if (name === "apart" || name === "two") story.apart = name === "apart" && checked ? 10 : 0;
  if (name === "set") story.set = checked ? [now, -3600] : null;
  if (name === "down") story.down = checked ? [now, within(now + 60)] : null;
  if (name === "created") story.created = checked ? [{ user: "dave", at: now, isAccount: true }] : [];
  for (const thing of [story, ...story.marks, ...story.created]) thing.at = within(thing.at);
  story.resolution = Math.min(story.resolution, story.window - 1);
  changed();
}

function guess({ target }) {
  const question = target.closest(".question");
  for (const choice of all("button", question)) choice.setAttribute("aria-pressed", choice === target);
  question.classList.toggle("is-right", "right" in target.dataset);
  $(".answer", question).hidden = false;
  document.body.classList.remove("is-guessing");
  moveClock(Number(question.dataset.show));
}

$("#language").addEventListener("click", () => { root.lang = root.lang === "en" ? "zh-CN" : "en"; });
if (lanes.size) { // the page of a form's source has none
  for (const [user, lane] of lanes) {
    $(".user", lane).addEventListener("click", () => add(user, story.at));
    $(".track", lane).addEventListener("click", (event) => addWhere(event, user));
  }
  for (const button of all(".question button")) button.addEventListener("click", guess);
  $("#clock").addEventListener("input", ({ target }) => { play(false); moveClock(Number(target.value)); });
  $("#play").addEventListener("click", () => play($("#play").getAttribute("aria-pressed") !== "true"));
  $("#circumstances").addEventListener("change", change);
  $("#random").addEventListener("click", makeUp);
  addEventListener("hashchange", load);
  load();
}
