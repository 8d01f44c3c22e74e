"use strict";
const twins = { "#0067b1": "#58b0f5", "#c44e00": "#ff9d4d", "#007a4d": "#3fcf95", "#a3459a": "#e58fdb", "#8a6d00": "#e0c04a", "#c2384c": "#ff8fa0", "#4c6a78": "#9fb8c6", "#5b4fc4": "#a9a0ff", "#1b1f24": "#e8ebef" };
const root = document.documentElement;
let drawing = 0;

function look() {
  const style = getComputedStyle(root);
  const colour = (name) => style.getPropertyValue(name).trim();
  const isDark = root.dataset.theme === "dark";
  const axis = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), linecolor: colour("--soft"), automargin: true };
  const layout = {
    font: { color: colour("--text"), family: "system-ui, sans-serif", size: 13 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    xaxis: axis, yaxis: axis, colorway: Object.keys(twins).map((name) => (isDark ? twins[name] : name)),
    colorscale: { sequential: [[0, colour("--raised")], [1, colour("--link")]] },
    hoverlabel: { bgcolor: colour("--raised"), font: { color: colour("--text") } },
    margin: { l: 50, r: 15, t: 30, b: 45 },
  };
  return { layout };
}

function draw(plot) {
  let text = plot.nextElementSibling.textContent;
  if (root.dataset.theme === "dark") {
    for (const [light, dark] of Object.entries(twins)) text = text.replaceAll(light, dark);
  }
  const { data, layout } = JSON.parse(text);
  layout.template = look();
  layout.autosize = true;
  return Plotly.react(plot, data, layout, { responsive: true, displaylogo: false });
}

async function drawAll() {
  const own = ++drawing;
  root.dataset.drawn = "";
  for (const plot of document.querySelectorAll(".chart")) {
    await draw(plot);
    await new Promise((next) => setTimeout(next));
    if (own !== drawing) return; // the theme has changed meanwhile: the later one draws all
  }
  root.dataset.drawn = "yes";
}

for (const one of document.querySelectorAll(".choice")) {
  const select = one.querySelector("select");
  const show = () => one.querySelectorAll(":scope > div").forEach((part, place) => { part.hidden = place !== select.selectedIndex; });
  one.classList.add("live");
  select.addEventListener("change", show);
  show();
}

root.addEventListener("themechange", drawAll);
drawAll();
