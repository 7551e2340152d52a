// Draws the charts of a page from the data that stand beside them. Colours come from the
// style sheet, so that light and dark are one place; nothing here computes a result.
"use strict";
(() => {
  const drawn = new Map();
  const MANY = 300;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const short = (v) => typeof v !== "number" ? v
    : Math.abs(v) >= 1000 && Math.abs(v) < 1e9 ? Math.round(v).toLocaleString("en")
    : String(Number(v.toPrecision(3)));

  const isRound = (v) => typeof v !== "number" || Number(v.toPrecision(1)) === v;

  function axis(a, place) {
    const low = a.low ?? (a.zero ? (e) => Math.min(0, e.min) : undefined);
    return {
      type: "value", name: a.title, nameLocation: "middle", nameGap: place === "x" ? 28 : 52,
      min: low, max: a.high ?? undefined, scale: !a.zero,
      nameTextStyle: { color: css("soft"), fontSize: 12 },
      // A bound that is no round number would lie on its neighbour.
      axisLabel: { color: css("soft"), formatter: short, hideOverlap: true,
        showMinLabel: isRound(a.low) ? null : false, showMaxLabel: isRound(a.high) ? null : false },
      axisLine: { show: place === "x", lineStyle: { color: css("edge") } },
      axisTick: { show: false },
      splitLine: { show: place === "y", lineStyle: { color: css("rule") } },
    };
  }

  function series(s, index, spec) {
    const colour = s.colour === "scale" ? undefined : css(s.colour);
    const base = { name: s.name, data: s.points, animation: false, emphasis: { disabled: true },
      itemStyle: { color: colour }, lineStyle: { color: colour, width: 2, type: s.dashed ? [5, 4] : "solid" } };
    if (s.kind === "bars") return { ...base, type: "custom", silent: true, renderItem: bar(colour), encode: { x: 0, y: [1, 2] } };
    if (s.kind === "dots") {
      const many = s.points.length > MANY;
      return { ...base, type: "scatter", symbolSize: many ? 5 : 8,
        itemStyle: { color: colour, borderColor: many ? undefined : css("card"), borderWidth: many ? 0 : 1 } };
    }
    return { ...base, type: "line", showSymbol: false, sampling: "lttb", step: s.kind === "steps" || s.kind === "area" ? "end" : false,
      stack: s.kind === "area" ? "all" : undefined, z: s.kind === "area" ? 1 : 3,
      areaStyle: s.kind === "area" ? { color: colour, opacity: .45 } : undefined,
      lineStyle: { ...base.lineStyle, width: s.kind === "area" ? 1 : 2 } };
  }

  function bar(colour) {
    return (_, api) => {
      const low = api.coord([api.value(0), api.value(1)]), high = api.coord([api.value(0), api.value(2)]);
      return { type: "line", shape: { x1: low[0], y1: low[1], x2: high[0], y2: high[1] },
        style: { stroke: colour, lineWidth: 1.3, opacity: .7 } };
    };
  }

  function marks(spec) {
    const line = (data, type) => ({ type: "line", data: [], silent: false, markLine: { symbol: "none", animation: false,
      silent: true, label: { show: false }, lineStyle: { color: css("soft"), width: 1, opacity: .6, type },
      data: data.map((m) => ({ xAxis: m.x, name: m.name })) } });
    const found = [];
    const solid = spec.marks.filter((m) => !m.dashed), dashed = spec.marks.filter((m) => m.dashed);
    if (solid.length) found.push(line(solid, "solid"));
    if (dashed.length) found.push(line(dashed, [3, 4]));
    if (spec.diagonal) {
      const low = Math.max(spec.x.low, spec.y.low), high = Math.min(spec.x.high, spec.y.high);
      found.push({ type: "line", silent: true, showSymbol: false, data: [[low, low], [high, high]], tooltip: { show: false },
        lineStyle: { color: css("soft"), width: 1, type: [4, 4] } });
    }
    return found;
  }

  function tip(spec) {
    const rich = { renderMode: "richText", confine: true, backgroundColor: css("card"), borderColor: css("edge"), borderWidth: 1,
      textStyle: { color: css("ink"), fontSize: 12, width: 300, overflow: "break" }, transitionDuration: 0 };
    const single = spec.series.some((s) => s.kind === "dots");
    const item = (p) => {
      const s = spec.series[p.seriesIndex];
      if (!s || s.kind === "bars") return "";
      const title = s.titles[p.dataIndex];
      return title ? title : `${s.name}: ${p.value.map(short).join(", ")}`;
    };
    const all = (ps) => [`${spec.x.title} ${short(ps[0].value[0])}`,
      ...ps.filter((p) => p.seriesName).map((p) => `${p.seriesName}: ${short(p.value[1])}`)].join("\n");
    return { ...rich, trigger: single ? "item" : "axis", formatter: single ? item : all,
      axisPointer: { lineStyle: { color: css("edge") } } };
  }

  function plain(spec, width) {
    const narrow = width < 460;
    const scale = spec.series.find((s) => s.colour === "scale" && s.points.length);
    const values = scale ? scale.points.map((p) => p[2]) : [];
    return {
      animation: false,
      grid: { left: 66, right: 18, top: scale && narrow ? 54 : 34, bottom: 46 },
      legend: { top: 0, left: 0, type: "scroll", textStyle: { color: css("ink") }, itemWidth: 14, itemHeight: 7, pageTextStyle: { color: css("ink") },
        pageIconColor: css("accent"), data: spec.series.filter((s) => s.colour !== "scale" && s.points.length).map((s) => ({ name: s.name, icon: s.kind === "dots" ? "circle" : "rect" })) },
      tooltip: tip(spec), xAxis: axis(spec.x, "x"), yAxis: axis(spec.y, "y"),
      series: [...spec.series.map((s, i) => series(s, i, spec)), ...marks(spec)],
      visualMap: scale ? [{ type: "continuous", min: Math.min(...values), max: Math.max(...values), dimension: 2, calculable: false, hoverLink: false,
        seriesIndex: spec.series.indexOf(scale), orient: "horizontal", right: 8, top: narrow ? 16 : -4, itemHeight: 90, itemWidth: 10,
        text: [short(Math.max(...values)), `${scale.name} ${short(Math.min(...values))}`], textStyle: { color: css("ink") },
        inRange: { color: [css("c6"), css("c3"), css("c5"), css("c1")] } }] : undefined,
    };
  }

  function parallel(spec, width) {
    const { axes, rows, colour } = spec.parallel;
    const values = rows.map((r) => r[colour]);
    return {
      animation: false,
      parallel: { left: 40, right: 60, top: 56, bottom: 30 },
      parallelAxis: axes.map((a, dim) => ({ dim, name: width < 460 ? a.name.replace(" [", "\n[") : a.name, nameGap: 16, type: a.choices.length ? "category" : "value",
        data: a.choices.length ? a.choices : undefined, min: a.low ?? "dataMin", max: a.high ?? "dataMax",
        nameTextStyle: { color: css("soft"), fontSize: 12, lineHeight: 15 }, axisLabel: { color: css("soft"), formatter: short, showMaxLabel: false },
        axisLine: { lineStyle: { color: css("edge") } }, axisTick: { show: false } })),
      visualMap: { show: false, type: "continuous", min: Math.min(...values), max: Math.max(...values), dimension: colour,
        inRange: { color: [css("c6"), css("c3"), css("c5"), css("c1")] } },
      series: [{ type: "parallel", data: rows, lineStyle: { width: 1.4, opacity: rows.length > 100 ? .35 : .8 }, emphasis: { disabled: true } }],
    };
  }

  function draw(place) {
    const text = document.getElementById(`${place.id}-data`)?.textContent;
    if (!text) return;
    const spec = JSON.parse(text);
    drawn.get(place.id)?.dispose();
    const chart = echarts.init(place, null, { renderer: "svg" });
    chart.setOption(spec.parallel ? parallel(spec, place.clientWidth) : plain(spec, place.clientWidth));
    drawn.set(place.id, chart);
    place.dataset.drawn = "1";
    if (spec.series?.some((s) => s.images.length)) peek(place, chart, spec);
  }

  const base = document.querySelector("script[data-base]").dataset.base;

  // The picture of a dot stands beside the pointer, loaded when it is first wanted.
  function peek(place, chart, spec) {
    const frame = document.createElement("figure"), image = document.createElement("img"), said = document.createElement("figcaption");
    frame.className = "peek";
    frame.hidden = true;
    frame.append(image, said);
    place.parentElement.querySelector(".peek")?.remove();
    place.after(frame);
    chart.on("mouseover", (p) => {
      const s = spec.series[p.seriesIndex], where = s?.images[p.dataIndex];
      if (!where) return;
      image.src = base + where;
      image.alt = said.textContent = s.titles[p.dataIndex] ?? s.name;
      frame.hidden = false;
    });
    chart.on("mouseout", () => { frame.hidden = true; });
  }

  // A picture that is focused, or pointed at, shows where its design lies on the maps.
  function point(event) {
    const where = event.target.closest?.("[data-image]")?.dataset.image;
    if (!where) return;
    for (const [id, chart] of drawn) {
      const spec = JSON.parse(document.getElementById(`${id}-data`)?.textContent || "{}");
      spec.series?.forEach((s, seriesIndex) => {
        const dataIndex = s.images.indexOf(where);
        if (dataIndex >= 0) chart.dispatchAction({ type: "showTip", seriesIndex, dataIndex });
      });
    }
  }
  document.addEventListener("focusin", point);
  document.addEventListener("mouseover", point);

  const every = (part) => part.querySelectorAll?.(".chart").forEach(draw);
  every(document);
  document.addEventListener("arrived", (event) => every(event.target));
  document.addEventListener("htmx:afterSettle", (event) => every(event.detail.elt));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => every(document));
  let resizing = null;
  addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => { for (const chart of drawn.values()) if (!chart.isDisposed()) chart.resize(); }, 120);
  });
})();
