// The heads of a layer: one is picked, and a token shows where it looks or by whom it is seen.
function attention(box) {
  const small = box.querySelector(".heads").lastElementChild;
  const large = box.querySelector(".large").lastElementChild;
  const [pick, way] = box.querySelectorAll("select");
  const spans = [...box.querySelectorAll(".tokens span")];
  const told = box.querySelector(".told");
  const { queries, keys, heads, is_causal } = small.layout.meta;
  const shift = keys.length - queries.length; // the first query is the token that is read there
  const names = keys.map((key, j) => `${key} (${j})`);
  let pinned = false, head = 0, token = keys.length - 1;

  // Of a token, as [key or query, weight]: what can be seen from there, or from where it can be seen.
  const weights = () => {
    const z = small.data[head].z;
    const looks = way.value === "at";
    if (looks && token < shift) return [];
    const found = looks ? z[token - shift].map((w, j) => [j, w]) : z.map((row, i) => [i + shift, row[token]]);
    return found.filter(([, w]) => w !== null);
  };
  const show = () => {
    const found = weights();
    const largest = Math.max(1e-9, ...found.map(([, w]) => Math.abs(w)));
    for (const span of spans) span.className = "";
    for (const span of spans) span.style.removeProperty("--w");
    for (const [j, w] of found) {
      spans[j].style.setProperty("--w", Math.abs(w) / largest);
      if (w < 0) spans[j].className = "n";
    }
    spans[token].classList.add("on");
    const most = found.sort((a, b) => b[1] - a[1]).slice(0, 5);
    const listed = most.map(([j, w]) => `${names[j]} ${w.toFixed(3)}`).join(", ");
    told.textContent = `${heads[head]}: ${names[token]} ${way.selectedOptions[0].textContent} ${listed || "nothing here"}`;
  };
  const look = (j) => {
    if (pinned || j === token) return;
    token = j;
    show();
  };
  const choose = (h) => {
    head = pick.selectedIndex = h;
    const z = small.data[h].z;
    const none = z.map((row, i) => row.map((w, j) => (w === null && !(is_causal && j > i + shift) ? 0 : null)));
    Plotly.restyle(large, { z: [z, none] }, [0, 1]);
    Plotly.relayout(large, { "title.text": small.layout.annotations[h].text });
    const color = (i) => (i === h ? "#d9600f" : null);
    Plotly.relayout(small, Object.fromEntries(heads.map((_, i) => [`annotations[${i}].font.color`, color(i)])));
    show();
  };

  small.on("plotly_click", (event) => choose(event.points[0].curveNumber % heads.length));
  large.on("plotly_hover", ({ points: [{ x, y }] }) => look(way.value === "at" ? y + shift : x));
  pick.addEventListener("change", () => choose(pick.selectedIndex));
  way.addEventListener("change", show);
  spans.forEach((span, j) => {
    span.addEventListener("mouseenter", () => look(j));
    span.addEventListener("click", () => {
      pinned = !(pinned && j === token);
      token = j;
      show();
    });
  });
  choose(0);
}
