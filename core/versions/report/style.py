"""How the page looks: one style sheet, light and dark by what the reader's system prefers, wide and narrow, printed.

What always holds: nothing is loaded; colour never stands alone, a word or a sign is always beside it.
"""

from __future__ import annotations

CSS = """
:root{color-scheme:light dark;--paper:#fbfaf8;--card:#fff;--ink:#1d2126;--soft:#5d6670;--faint:#e7e4de;--hair:#dcd8d0;
--before:#b9bfc6;--good:#1f7a4d;--warn:#9a5b00;--bad:#b3261e;--good-bg:#e4f3ea;--warn-bg:#fbefd9;--bad-bg:#fbe4e2;
--held-bg:#efeaf8;--held:#5b3fa0;--c0:#3b6fb6;--c1:#c2611f;--c2:#2f8f7c;--c3:#8a57b0;--c4:#a68a12;--c5:#b5446e}
@media (prefers-color-scheme:dark){:root{--paper:#15181c;--card:#1d2126;--ink:#e6e8ea;--soft:#9aa4ae;--faint:#2a2f36;
--hair:#323841;--before:#59626c;--good:#6fce9b;--warn:#e8b25c;--bad:#f28b82;--good-bg:#1c3327;--warn-bg:#3a2e17;
--bad-bg:#41211f;--held-bg:#2c2540;--held:#bda7f2;--c0:#7aa7e6;--c1:#ee9a63;--c2:#68c8b5;--c3:#c197e6;--c4:#d9c04f;
--c5:#ec86ab}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
overflow-wrap:anywhere}
main{max-width:1080px;margin:0 auto;padding:28px 20px 48px}
h1,h2,h3,p,ul,figure{margin:0}
h1{font-size:1.65rem;line-height:1.2;font-weight:650;letter-spacing:-.01em}
h1 .arrow{color:var(--soft);font-weight:400;padding:0 .15em}
h2{font-size:1.08rem;font-weight:650;margin:36px 0 12px}
h3{font-size:.95rem;font-weight:600;margin:26px 0 10px;display:flex;flex-wrap:wrap;gap:2px 10px;align-items:baseline}
h3 .id,.id{font:.75rem/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--soft);font-weight:400}
.over{color:var(--soft);font-size:.875rem;margin-bottom:6px}
.lead{font-size:1.08rem;margin-top:14px;max-width:46em}
.lead+.lead{margin-top:4px}
.pill{display:inline-block;border-radius:999px;padding:1px 10px;font-size:.8125rem;font-weight:600;white-space:nowrap}
.good{color:var(--good);background:var(--good-bg)}.warn{color:var(--warn);background:var(--warn-bg)}
.bad{color:var(--bad);background:var(--bad-bg)}.held{color:var(--held);background:var(--held-bg)}
.none{color:var(--soft);background:var(--faint)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(104px,1fr));gap:10px;margin-top:22px}
.tile,.card{background:var(--card);border:1px solid var(--hair);border-radius:10px}
.tile{padding:10px 14px 9px}.tile b{display:block;white-space:nowrap;font-size:1.4rem;line-height:1.25;font-weight:600;
font-variant-numeric:tabular-nums}.tile span{color:var(--soft);font-size:.8125rem}.tile.zero b{color:var(--soft);
font-weight:400}
.card{padding:16px 18px}.two section{display:flex;flex-direction:column}.two .card{flex:1}
.two{display:grid;align-items:stretch;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:0 20px}
.class{display:grid;grid-template-columns:7em 1fr auto;gap:2px 14px;align-items:center}
.class+.class{margin-top:14px}
.class .n{min-width:9em;font-variant-numeric:tabular-nums;text-align:right;white-space:nowrap}.class small{color:var(--soft)}
.bar{height:7px;border-radius:4px;background:var(--faint);overflow:hidden}.bar+.bar{margin-top:4px}
.bar i{display:block;height:100%;border-radius:4px;background:var(--before)}
.k0{--k:var(--c0)}.k1{--k:var(--c1)}.k2{--k:var(--c2)}.k3{--k:var(--c3)}.k4{--k:var(--c4)}.k5{--k:var(--c5)}
.bar i.k0,.bar i.k1,.bar i.k2,.bar i.k3,.bar i.k4,.bar i.k5{background:var(--k)}
.dot{display:inline-block;width:.6em;height:.6em;border-radius:50%;background:var(--k);margin-right:.45em}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.9375rem}
th,td{padding:5px 0 5px 16px;text-align:right;border-bottom:1px solid var(--faint);white-space:nowrap}
.lab{width:auto;min-width:min(100%,26em)}.lab th,.lab td{padding-left:28px}
table th:first-child,table td:first-child{text-align:left;padding-left:0}tr:last-child>*{border-bottom:0}
th{font-weight:500;color:var(--soft);font-size:.8125rem}td.moved{font-weight:650}td.same,td.nil{color:var(--soft)}
.small{color:var(--soft);font-size:.8125rem;margin-top:10px}
ul.checks{list-style:none;padding:0}.checks li{display:grid;grid-template-columns:80px 1fr;gap:2px 10px;padding:9px 0;
border-bottom:1px solid var(--faint)}.checks li:last-child{border-bottom:0}.checks .pill{justify-self:start;align-self:start}
.checks p+p{color:var(--soft);font-size:.875rem}
details summary{cursor:pointer;color:var(--soft);font-size:.875rem;padding:6px 0}
.hunk{margin-top:10px;padding:13px 16px 14px}.hunk.back{border-style:dashed}
.hunk.back .strip{opacity:.55}
.hunk header{display:flex;flex-wrap:wrap;gap:3px 14px;align-items:baseline}
.hunk header b{font-weight:600;font-variant-numeric:tabular-nums}.hunk header .far{margin-left:auto}
.what{font-weight:500}.what .to{color:var(--soft);padding:0 .35em}.meta{color:var(--soft);font-size:.875rem;
font-variant-numeric:tabular-nums}
blockquote{margin:9px 0 0;padding:2px 0 2px 12px;border-left:3px solid var(--held);white-space:pre-wrap}
.strip{display:grid;grid-template-columns:repeat(8,1fr);gap:7px;margin-top:11px}
.strip figure{min-width:0}.strip img,.gone{display:block;width:100%;height:auto;border-radius:5px;background:var(--faint)}
.gone{display:flex;aspect-ratio:16/9;align-items:center;justify-content:center;text-align:center;padding:4px;font-size:.6875rem;
line-height:1.2;color:var(--soft);overflow:hidden}
figcaption{font-size:.6875rem;line-height:1.5;color:var(--soft);font-variant-numeric:tabular-nums;white-space:nowrap;
overflow:hidden;text-overflow:ellipsis}
figcaption em{font-style:normal;font-weight:600}
.row{display:flex;flex-wrap:wrap;gap:2px 14px;padding:7px 0;border-bottom:1px solid var(--faint);font-size:.875rem}
footer{margin-top:44px;padding-top:14px;border-top:1px solid var(--hair);color:var(--soft);font-size:.8125rem}
@media (max-width:720px){main{padding:20px 14px 36px}h1{font-size:1.35rem}.tile b{font-size:1.15rem}.lab th,.lab td{padding-left:14px}.strip{grid-template-columns:repeat(4,1fr)}
.hunk{padding:12px}.hunk header .far{margin-left:0}.checks li{display:block}.checks .pill{margin-bottom:3px}.card{padding:13px 14px}
.class{grid-template-columns:1fr auto}.class .bars{grid-row:2;grid-column:1/-1}th,td{padding-left:12px}}
@media print{body{background:#fff}.hunk,.tile,.card{break-inside:avoid}*{-webkit-print-color-adjust:exact;
print-color-adjust:exact}}
"""
