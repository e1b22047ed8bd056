// Draws the charts that stand in the page as data, in the colours of the page, again when they change.
(() => {
const dark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};
const colours = () => {
  const ink = dark() ? "#e6ebf0" : "#1c2733", line = dark() ? "#303a45" : "#d9e0e7";
  return {
    background: "transparent", view: { stroke: line }, title: { color: ink }, rule: { color: ink },
    axis: { labelColor: ink, titleColor: ink, gridColor: line, domainColor: line, tickColor: line },
    legend: { labelColor: ink, titleColor: ink },
  };
};
const draw = () => document.querySelectorAll("figure[data-figure]").forEach((figure) => {
  const spec = JSON.parse(document.getElementById(figure.dataset.figure).textContent);
  spec.config = Object.assign({}, colours(), spec.config || {});
  spec.config.legend = Object.assign({}, colours().legend, (spec.config || {}).legend || {});
  vegaEmbed(figure.querySelector(".chart"), spec, { actions: false, renderer: "svg" });
});
document.addEventListener("DOMContentLoaded", () => {
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  document.getElementById("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    draw();
  });
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
});
})();
