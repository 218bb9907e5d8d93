"""How the page looks: one style sheet, for light and for dark, without anything from elsewhere."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --quiet: #57606a; --rule: #d8dee4; --card: #f6f8fa;
  --job: #0969b8; --kafka: #b85c00; --endpoint: #17805a; --s3: #a8479a; --dynamodb: #8a6d00;
  --generator: #6e7781; --other: #4b5563; --floor: #868f99; --inside: #ffffff;
  --p50: #5595d2; --p95: #2f7cc0; --p99: #0f5594; --p999: #06294b; --warn: #9a3412;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181d; --ink: #e6edf3; --quiet: #9aa7b4; --rule: #30363d; --card: #1c2228;
    --job: #58a6ff; --kafka: #f0954a; --endpoint: #3fb98a; --s3: #d88ac9; --dynamodb: #d6b740;
    --generator: #8b949e; --other: #b1bac4; --floor: #6e7781; --inside: #0d1117;
    --p50: #3d7fbf; --p95: #5a9fdd; --p99: #8cc3f4; --p999: #cfe6fb; --warn: #f0a37a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 68rem;
  background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 3rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
p { max-width: 44rem; margin: .25rem 0 1rem; }
.quiet { color: var(--quiet); max-width: none; }
.note { font-size: .9rem; color: var(--warn); }
summary { cursor: pointer; }
.tiles { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr));
  margin: 1.25rem 0; padding: 0; list-style: none; }
.tiles li { background: var(--card); border: 1px solid var(--rule); border-radius: 6px;
  padding: .75rem 1rem; }
.tiles .label { display: block; font-size: .85rem; color: var(--quiet); }
.tiles .value { display: block; font-size: 1.65rem; font-weight: 650; font-variant-numeric: tabular-nums; }
.tiles .value small { font-size: .9rem; font-weight: 400; }
figure { margin: 1rem 0; overflow-x: auto; }
svg { display: block; width: 100%; height: auto; }
figure > svg { min-width: 40rem; }
.panels { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); }
.panels h3 { font-size: 1rem; margin: 0; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: .5rem 0; padding: 0; list-style: none;
  font-size: .9rem; }
.swatch { display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem; border-radius: 2px;
  vertical-align: -.05rem; }
.swatch.dashes { height: 0; width: 1.2rem; border-top: 2px dashed var(--floor); border-radius: 0;
  vertical-align: .25rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .35rem; }
th, td { padding: .25rem .6rem .25rem 0; text-align: left; font-weight: 400; white-space: nowrap;
  border-bottom: 1px solid var(--rule); }
thead th { color: var(--quiet); vertical-align: bottom; }
.number { text-align: right; }
th.number, td.number { padding-left: .6rem; padding-right: 0; }
text { fill: var(--ink); font: 13px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
text.tick, text.axis { fill: var(--quiet); font-size: 12px; }
text.heading { font-weight: 600; }
/* what stands on a rule of the axis is read before it */
text.heading, text.figure, text.end { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
text.inside { fill: var(--inside); font-size: 11px; }
text.end { font-size: 12px; }
.grid { stroke: var(--rule); stroke-width: 1; }
polyline.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
"""

# each colour, as a bar, a swatch, a line and a line's mark
_COLOURS = (
    *("job", "kafka", "endpoint", "s3", "dynamodb", "generator", "other", "floor"),
    *("p50", "p95", "p99", "p999"),
)
STYLE += "".join(
    f"rect.{name}, circle.{name} {{ fill: var(--{name}); }}\n"
    f".swatch.{name} {{ background: var(--{name}); }}\n"
    f"polyline.{name} {{ stroke: var(--{name}); }}\n"
    for name in _COLOURS
)
STYLE += "polyline.floor { stroke-width: 1.5; stroke-dasharray: 5 4; }\ntext.floor { fill: var(--quiet); }\n"
