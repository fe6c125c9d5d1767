/** Light and dark style of the documentation page, without external fonts or images. */
export const STYLE = `:root {
  color-scheme: light dark;
  --bg: #fbfbfd; --card: #fff; --text: #1d2330; --soft: #626b7f; --line: #e3e6ee; --accent: #4a4ae0;
  --code: #f1f2f8; --get: #1668c7; --post: #17804d; --put: #a3620a; --patch: #7a4fd0; --delete: #c23434;
  --mono: ui-monospace, 'SF Mono', 'JetBrains Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #11141b; --card: #181c26; --text: #e5e8f0; --soft: #98a1b5; --line: #2a3040; --accent: #8f8fff;
    --code: #222838; --get: #6cb2ff; --post: #5fd39b; --put: #eeb05c; --patch: #bb9bff; --delete: #ff8585;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
body { margin: 0; display: grid; grid-template-columns: 19rem minmax(0, 1fr); background: var(--bg); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
code, var { font-family: var(--mono); font-style: normal; font-size: .87em; }
p code, li code, dd code { background: var(--code); border-radius: 4px; padding: .1em .35em; }
[hidden] { display: none !important; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border-right: 1px solid var(--line); padding: 1.2rem 1rem 3rem;
  background: var(--card); }
.brand { display: flex; align-items: center; gap: .6rem; font-size: 1.2rem; font-weight: 650; color: var(--text); }
.brand:hover { text-decoration: none; }
.brand svg { color: var(--accent); }
.brand small { color: var(--soft); font-weight: 400; font-size: .75rem; margin-left: auto; }
nav input { width: 100%; margin: 1rem 0 .3rem; }
nav h2 { margin: 1.1rem 0 .25rem; font-size: .7rem; letter-spacing: .08em; text-transform: uppercase; color: var(--soft); }
nav section a { display: flex; align-items: baseline; gap: .5rem; padding: .16rem .3rem; border-radius: 5px; color: var(--text);
  font: .78rem/1.5 var(--mono); }
nav section a:hover { background: var(--code); text-decoration: none; }
nav section a span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
nav .m { width: 2.9rem; flex: none; font-size: .62rem; }

.m { font: 700 .7rem/1 var(--mono); letter-spacing: .02em; }
.m.get { color: var(--get); } .m.post { color: var(--post); } .m.put { color: var(--put); }
.m.patch { color: var(--patch); } .m.delete { color: var(--delete); }

main { max-width: 62rem; padding: 2.2rem 2.5rem 6rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; letter-spacing: -.02em; }
main h2 { margin: 2.6rem 0 .8rem; font-size: 1.25rem; letter-spacing: -.01em; }
h3 { margin: 1.3rem 0 .5rem; font-size: .82rem; color: var(--soft); }
h3 small { font: .95em var(--mono); margin-left: .4rem; }
.button, button { display: inline-block; border: 0; border-radius: 7px; padding: .45rem 1rem; background: var(--accent); color: #fff;
  font: 600 .85rem/1.4 inherit; font-family: inherit; cursor: pointer; }
@media (prefers-color-scheme: dark) { .button, button { color: #11141b; } }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: .8rem; margin: 1.6rem 0; }
.facts div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .8rem 1rem; }
dt { font-weight: 650; font-size: .85rem; }
dd { margin: .2rem 0 0; color: var(--soft); font-size: .87rem; }
input, textarea { font: .85rem/1.5 var(--mono); color: inherit; background: var(--bg); border: 1px solid var(--line); border-radius: 7px;
  padding: .4rem .6rem; }
label { display: flex; flex-direction: column; gap: .25rem; font-size: .8rem; color: var(--soft); }
.token { max-width: 24rem; }

.call, .shape { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: .5rem 0; }
summary { list-style: none; cursor: pointer; display: flex; align-items: baseline; gap: .9rem; padding: .7rem 1rem; }
summary::-webkit-details-marker { display: none; }
details[open] > summary { border-bottom: 1px solid var(--line); }
.call summary .m { width: 3.6rem; flex: none; }
.call .path { flex: none; max-width: 55%; overflow-wrap: anywhere; font-size: .88rem; }
.path var { color: var(--accent); }
.what { color: var(--soft); font-size: .88rem; }
.permission { margin-left: auto; flex: none; font: .7rem/1 var(--mono); color: var(--soft); border: 1px solid var(--line); border-radius: 99px;
  padding: .28rem .6rem; }
.body { padding: .3rem 1.2rem 1.2rem; }
.shape > :not(summary) { margin: .8rem 1.2rem; }
table { width: 100%; border-collapse: collapse; font-size: .87rem; }
td { padding: .45rem .8rem .45rem 0; border-top: 1px solid var(--line); vertical-align: top; }
td p, li p { margin: .1rem 0 0; color: var(--soft); }
.place { color: var(--soft); width: 4.5rem; }
i { color: var(--delete); font-style: normal; margin-left: .15rem; }
.type { color: var(--soft); font-size: .85rem; }
.default { color: var(--soft); font: .78rem var(--mono); }
.props { list-style: none; margin: .2rem 0; padding: 0; font-size: .87rem; }
.props li { padding: .3rem 0; }
.props .props, .nested { margin-left: .2rem; padding-left: 1rem; border-left: 2px solid var(--line); }
.answer { display: grid; grid-template-columns: 3rem minmax(0, 1fr); gap: .6rem; padding: .35rem 0; border-top: 1px solid var(--line);
  font-size: .87rem; }
.answer p { margin: 0; }
.s { font: 700 .8rem/1.9 var(--mono); } .s2 { color: var(--post); } .s4 { color: var(--put); } .s5 { color: var(--delete); }
.try { margin-top: 1.2rem; padding: .2rem 1rem 1rem; border: 1px dashed var(--line); border-radius: 9px; }
.fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .7rem; margin-bottom: .8rem; }
.wide { grid-column: 1 / -1; }
output { display: block; margin-top: .8rem; padding: .8rem; max-height: 26rem; overflow: auto; border-radius: 8px; background: var(--code);
  font: .8rem/1.5 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 60rem) {
  body { display: block; }
  nav { position: static; height: auto; max-height: 40vh; }
  main { padding: 1.5rem 1rem 4rem; }
  summary { flex-wrap: wrap; }
  .permission { margin-left: 0; }
}
`;
