"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const byId = (id) => document.getElementById(id);
const root = document.documentElement;
const sheet = byId("sheet");
const ink = sheet.getContext("2d");
const pause = 60; // milliseconds without a new point until a drawing is sent
const settled = 700; // until a screen reader is told
const nearest = 0.003; // of the sheet: points closer than this add nothing
const marks = []; // strokes {points} and pictures {file, bitmap}, in the order in which they were made
const fingers = new Map(); // pointer id to the stroke that it draws
const cursor = { x: 0.5, y: 0.5, stroke: null, shown: false };
let asking = false;
let changed = false;
let timer = 0;
let teller = 0;

function lastPicture() {
  return marks.findLastIndex((mark) => mark.file);
}

function current() {
  const place = lastPicture();
  if (place >= 0 && place === marks.length - 1) return { file: marks[place].file };
  return { strokes: marks.slice(place + 1).map((mark) => mark.points) };
}

function paint() {
  const size = sheet.width;
  ink.fillStyle = "#ffffff";
  ink.fillRect(0, 0, size, size);
  const place = lastPicture();
  if (place >= 0 && place === marks.length - 1) paintPicture(marks[place].bitmap);
  else marks.slice(place + 1).forEach(paintStroke);
  if (cursor.shown) paintCursor();
}

function paintPicture(bitmap) {
  if (!bitmap) return;
  const scale = Math.min(sheet.width / bitmap.width, sheet.height / bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  ink.imageSmoothingEnabled = scale < 4;
  ink.drawImage(bitmap, (sheet.width - width) / 2, (sheet.height - height) / 2, width, height);
}

function paintStroke({ points }) {
  ink.strokeStyle = "#14171b";
  ink.lineWidth = facts.pen * sheet.width;
  ink.lineCap = ink.lineJoin = "round";
  ink.beginPath();
  points.forEach(([x, y]) => ink.lineTo(x * sheet.width, y * sheet.height));
  if (points.length === 1) ink.lineTo(points[0][0] * sheet.width + 0.1, points[0][1] * sheet.height);
  ink.stroke();
}

function paintCursor() {
  const [x, y] = [cursor.x * sheet.width, cursor.y * sheet.height];
  ink.strokeStyle = cursor.stroke ? "#c2384c" : "#0067b1";
  ink.lineWidth = 3;
  ink.beginPath();
  ink.moveTo(x - 14, y); ink.lineTo(x + 14, y); ink.moveTo(x, y - 14); ink.lineTo(x, y + 14);
  ink.stroke();
}

function pointOf(event) {
  const box = sheet.getBoundingClientRect();
  const within = (value) => Math.round(10000 * Math.min(Math.max(value, 0), 1)) / 10000;
  return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
}

function extend(stroke, [x, y]) {
  const [fromX, fromY] = stroke.points[stroke.points.length - 1];
  if (Math.hypot(x - fromX, y - fromY) >= nearest) stroke.points.push([x, y]);
}

function change() {
  paint();
  showError("");
  changed = true;
  clearTimeout(timer);
  timer = setTimeout(ask, pause);
}

async function ask() {
  if (asking || !changed) return;
  changed = false;
  const { file, strokes } = current();
  if (!file && !strokes.length) return showNothing();
  asking = true;
  root.classList.add("stale");
  try {
    const request = file
      ? { url: "picture", body: file, type: "application/octet-stream" }
      : { url: "drawing", body: JSON.stringify({ strokes }), type: "application/json" };
    const headers = { "content-type": request.type };
    const response = await fetch(request.url, { method: "POST", body: request.body, headers });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    if (!changed) show(answer);
  } catch (error) {
    const words = error instanceof TypeError ? "The server does not answer: was it stopped?" : error.message;
    if (file) takeBack(file);
    showError(words);
  } finally {
    asking = false;
    root.classList.remove("stale");
    if (changed) ask();
  }
}

function takeBack(file) {
  const place = marks.findIndex((mark) => mark.file === file);
  if (place >= 0) marks.splice(place, 1);
  paint();
  const { strokes } = current();
  if (strokes && !strokes.length) showNothing();
}

function percent(share) {
  const value = 100 * share;
  if (value >= 99.95) return "over 99.9 %";
  return `${value >= 99 || value < 1 ? value.toFixed(1) : Math.round(value)} %`;
}

function show(answer) {
  const sure = `${percent(answer.probability)} sure`;
  const next = answer.second === undefined ? "" : `; next is ${answer.second}, ${percent(answer.margin)} behind`;
  byId("answer").textContent = answer.name;
  byId("words").textContent = `The vote is ${sure}${next}.`;
  tell(`${answer.name}, ${sure}${next}`);
  const order = topClasses(answer.vote);
  bars(byId("vote"), answer.vote, order, answer.class);
  answer.members.forEach((softmax, place) => {
    const own = softmax.indexOf(Math.max(...softmax));
    byId(`says-${place}`).textContent = `${facts.classes[own]}, ${percent(softmax[own])}`;
    bars(byId(`member-${place}`), softmax, order, own, own === answer.class ? "right" : "wrong");
  });
  const seen = byId("seen");
  seen.src = answer.image;
  seen.hidden = false;
  seen.alt = `your drawing in ${facts.shape[0]} by ${facts.shape[1]} pixels, seen as ${answer.name}`;
  byId("how").textContent = `${facts.shape[0]} x ${facts.shape[1]} pixels: ${answer.how}. Answered in ${answer.milliseconds} ms.`;
  root.dataset.answered = answer.name;
}

function showNothing() {
  byId("answer").textContent = "?";
  byId("words").textContent = "Nothing is drawn yet.";
  byId("seen").hidden = true;
  byId("how").textContent = "";
  for (const list of document.querySelectorAll(".bars")) list.replaceChildren();
  for (const says of document.querySelectorAll(".says")) says.textContent = "–";
  delete root.dataset.answered;
}

function showError(words) {
  byId("error").textContent = words;
  byId("error").hidden = !words;
}

function tell(words) {
  clearTimeout(teller);
  teller = setTimeout(() => { byId("live").textContent = words; }, settled);
}

function topClasses(softmax) {
  const all = softmax.map((_, place) => place);
  if (facts.bars === all.length) return all;
  return all.sort((one, other) => softmax[other] - softmax[one]).slice(0, facts.bars);
}

function bars(list, softmax, order, first, kind = "right") {
  list.replaceChildren(...order.map((place) => {
    const item = document.createElement("li");
    const [name, bar, share] = ["span", "i", "b"].map((tag) => item.appendChild(document.createElement(tag)));
    name.textContent = facts.classes[place];
    bar.style.setProperty("--share", softmax[place]);
    share.textContent = `${Math.round(100 * softmax[place])} %`;
    if (place === first) item.className = kind;
    return item;
  }));
}

async function takePicture(file) {
  if (!file) return;
  let bitmap = null;
  try { bitmap = await createImageBitmap(file); } catch { /* the server says what is wrong with it */ }
  marks.push({ file, bitmap });
  change();
}

function undo() {
  marks.pop();
  cursor.stroke = null;
  change();
}

function clear() {
  marks.length = 0;
  fingers.clear();
  cursor.stroke = null;
  change();
}

sheet.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  event.preventDefault();
  sheet.focus({ preventScroll: true });
  sheet.setPointerCapture(event.pointerId);
  cursor.shown = false;
  cursor.stroke = null;
  const stroke = { points: [pointOf(event)] };
  fingers.set(event.pointerId, stroke);
  marks.push(stroke);
  change();
});
sheet.addEventListener("pointermove", (event) => {
  const stroke = fingers.get(event.pointerId);
  if (!stroke) return;
  const all = event.getCoalescedEvents?.() ?? [];
  (all.length ? all : [event]).forEach((one) => extend(stroke, pointOf(one)));
  change();
});
for (const end of ["pointerup", "pointercancel"]) {
  sheet.addEventListener(end, (event) => fingers.delete(event.pointerId));
}
sheet.addEventListener("keydown", (event) => {
  const step = event.shiftKey ? 0.01 : 0.03;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (event.key in moves) movePen(moves[event.key]);
  else if (event.key === " ") togglePen();
  else if (event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey))) undo();
  else if (event.key === "Delete" || event.key === "Escape") clear();
  else return;
  event.preventDefault();
});

function movePen([x, y]) {
  cursor.shown = true;
  cursor.x = Math.min(Math.max(cursor.x + x, 0), 1);
  cursor.y = Math.min(Math.max(cursor.y + y, 0), 1);
  if (!cursor.stroke) return paint();
  extend(cursor.stroke, [cursor.x, cursor.y]);
  change();
}

function togglePen() {
  cursor.shown = true;
  if (cursor.stroke) {
    cursor.stroke = null;
    return paint();
  }
  cursor.stroke = { points: [[cursor.x, cursor.y]] };
  marks.push(cursor.stroke);
  change();
}

byId("undo").addEventListener("click", undo);
byId("clear").addEventListener("click", clear);
byId("file").addEventListener("change", (event) => {
  takePicture(event.target.files[0]);
  event.target.value = "";
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", kind === "dragover");
    if (kind === "drop") takePicture(event.dataTransfer.files[0]);
  });
}
addEventListener("paste", (event) => takePicture(event.clipboardData?.files[0]));

showNothing();
paint();
root.dataset.drawn = "yes";
