// Unpacks plotly.js and lets it draw the plots of the page, light or dark as the reader's system is.
(async () => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const dress = (layout) => layout.meta[dark.matches ? "dark" : "light"];
  const config = {
    displaylogo: false,
    showSendToCloud: false,
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    toImageButtonOptions: { scale: 3 },
  };

  const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const library = document.createElement("script");
  library.textContent = await new Response(stream).text();
  document.head.append(library);

  // Sets "a.b" as `relayout` does, before anything is drawn.
  const put = (layout, changes) => {
    for (const [path, value] of Object.entries(changes)) {
      const names = path.split("."), last = names.pop();
      let at = layout;
      for (const name of names) at = at[name] ??= {};
      at[last] = value;
    }
  };

  for (const plot of document.querySelectorAll(".plot")) {
    const place = plot.lastElementChild;
    const { data, layout } = JSON.parse(plot.querySelector("script").textContent);
    put(layout, dress(layout));
    await Plotly.newPlot(place, data, layout, config);
    dark.addEventListener("change", () => Plotly.relayout(place, dress(place.layout)));
  }
  document.querySelectorAll(".attention").forEach(attention);
  document.documentElement.dataset.drawn = "yes";
})();
