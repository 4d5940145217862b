/** The report's one stylesheet. Text has a contrast of at least 4.5 on every ground it stands on, light and dark. */
export const reportStyle = `
:root{color-scheme:light dark;
--paper:#fbfaf7;--card:#fff;--sunk:#f2f0ea;--line:#dcd8cd;--ink:#1b2330;--muted:#58606e;--link:#1c4f82;
--sanctioned:#2b7f70;--unreviewed:#d39a2f;--unsanctioned:#c4452f;--unjudged:#8d94a0;
--critical:#8f1740;--high:#b93a22;--medium:#8a5a00;--low:#2a6496;--informational:#58606e;
--cost-1:#1f4e79;--cost-2:#5d8fc0;--cost-3:#6b4684;--cost-4:#a87bbb;--cost-5:#3f7650;--cost-6:#9c6b30;--cost-rest:#8d94a0;
--serif:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,"Liberation Serif",serif;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans",sans-serif;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
@media (prefers-color-scheme:dark){:root{
--paper:#12161d;--card:#1a2029;--sunk:#222935;--line:#343d4b;--ink:#ebe8e1;--muted:#a9b1be;--link:#8fbdf0;
--sanctioned:#4fb3a0;--unreviewed:#e2b04c;--unsanctioned:#ee7b62;--unjudged:#7d8696;
--critical:#ff8fb0;--high:#ff8d75;--medium:#e9b44c;--low:#86bdf0;--informational:#a9b1be;
--cost-1:#8fbdf0;--cost-2:#4f7fb3;--cost-3:#cfa9dd;--cost-4:#8d63a3;--cost-5:#7cc79b;--cost-6:#d0a06a;--cost-rest:#7d8696;}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 var(--sans);font-variant-numeric:tabular-nums}
.page{max-width:1120px;margin:0 auto;padding:0 32px 64px}
a{color:var(--link);text-underline-offset:2px}
a:focus-visible,summary:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:2px}
.skip{position:absolute;left:-999px}.skip:focus{left:16px;top:8px;background:var(--card);padding:8px 12px;z-index:1}
h1,h2{font-family:var(--serif);font-weight:600;line-height:1.15;letter-spacing:-.01em;text-wrap:balance}
h1{font-size:clamp(2rem,5vw,3rem);margin:.3em 0 .35em}
h2{font-size:clamp(1.5rem,3vw,1.9rem);margin:0 0 .25em}
h3{font-size:1.12rem;line-height:1.3;margin:0}
h2.card-title{font:700 1.12rem/1.3 var(--sans);letter-spacing:0;margin:0 0 4px}
h4{font-size:.8rem;letter-spacing:.03em;margin:0 0 .2em;color:var(--muted);font-weight:600}
p{margin:.4em 0}
h1,h2,h3,h4,p,li,dd,.empty{overflow-wrap:anywhere}
code,.id{font-family:var(--mono);font-size:.86em;overflow-wrap:anywhere}
.muted{color:var(--muted)}.small{font-size:.86rem}
.patterns{position:absolute}
header.top{display:flex;justify-content:space-between;align-items:center;gap:16px;padding:26px 0 12px;border-bottom:1px solid var(--line)}
.brand{display:flex;align-items:center;gap:10px;font-family:var(--serif);font-size:1.25rem;font-weight:600}
.brand svg{display:block}.brand .dial{fill:none;stroke:var(--ink);stroke-width:1.6}.brand .plate{fill:var(--ink)}.brand .shade{fill:var(--unreviewed)}
nav ul{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:0;padding:0;font-size:.92rem}
nav a{text-decoration:none;color:var(--muted)}nav a:hover{color:var(--ink);text-decoration:underline}
.lede{font-family:var(--serif);font-size:clamp(1.12rem,2vw,1.3rem);line-height:1.5;max-width:46em;margin:0 0 28px;overflow-wrap:anywhere}
section{margin-top:64px}section>.intro{max-width:44em;color:var(--muted);margin:0 0 18px}
.figures{display:grid;grid-template-columns:repeat(4,1fr);gap:14px;margin:0 0 14px;padding:0}
.figure{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px;display:flex;flex-direction:column;min-width:0}
.figure dt{font-size:.86rem;color:var(--muted)}
.figure dd{margin:0}.figure .value{font-family:var(--serif);font-size:2.1rem;line-height:1.2;font-weight:600}
.figure .note{font-size:.86rem;color:var(--muted);margin-top:auto;padding-top:6px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px}
.card+.card,.card+table,table+.card{margin-top:16px}
.card h3{margin-bottom:4px}
.chart{overflow:hidden}.chart caption{padding-top:8px}
.beside{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:baseline;gap:4px 24px}
.levels{display:flex;flex-wrap:wrap;gap:2px 12px;list-style:none;margin:0;padding:0}
.levels li,.chip{display:inline-flex;align-items:center;gap:6px;white-space:nowrap}
.chip{font-size:.86rem;font-weight:600}
.mark{flex:none}.mark.critical{fill:var(--critical)}.mark.high{fill:var(--high)}.mark.medium{fill:var(--medium)}.mark.low{fill:var(--low)}.mark.informational{fill:var(--informational)}
.chip.critical{color:var(--critical)}.chip.high{color:var(--high)}.chip.medium{color:var(--medium)}.chip.low{color:var(--low)}.chip.informational{color:var(--informational)}
.legend{display:flex;flex-wrap:wrap;gap:2px 18px;list-style:none;margin:0;padding:0;font-size:.86rem}
.legend li{display:flex;align-items:center;gap:7px}.legend svg{border-radius:2px}
svg .sanctioned{fill:var(--sanctioned)}svg .unreviewed{fill:var(--unreviewed)}svg .unsanctioned{fill:var(--unsanctioned)}svg .unjudged{fill:var(--unjudged)}svg .gap{fill:var(--card);opacity:.55}
svg text{font:12px var(--sans);fill:var(--ink)}svg text.tick{fill:var(--muted)}svg text.place{font-weight:600;font-size:13px}
svg .grid{stroke:var(--line);stroke-width:1;shape-rendering:crispEdges}
.over-time{display:block;overflow:visible;width:calc(100% - 46px);margin:14px 0 0 46px}
.share{display:block;border-radius:2px}.spark{display:block}.spark rect{fill:var(--muted)}
.strip{display:block;min-width:120px}.strip .heard{fill:var(--sanctioned)}.strip .silent{fill:none;stroke:var(--muted);stroke-width:1}
.flow{display:block;overflow:visible;margin-top:16px}.flow path{opacity:.62}.flow .node{fill:var(--ink)}
svg.stays,svg .stays{fill:var(--sanctioned)}svg.moved,svg .moved{fill:var(--low)}svg.may-move,svg .may-move{fill:var(--unreviewed)}svg.anywhere,svg .anywhere{fill:var(--unsanctioned)}svg.unsaid,svg .unsaid{fill:var(--unjudged)}
.figures.thirds{grid-template-columns:repeat(3,1fr)}
h3.part{font-family:var(--serif);font-size:1.3rem;font-weight:600;margin:40px 0 8px}section>h3.part+.intro{max-width:44em;color:var(--muted);margin:0 0 14px}
svg .cost-1{fill:var(--cost-1)}svg .cost-2{fill:var(--cost-2)}svg .cost-3{fill:var(--cost-3)}svg .cost-4{fill:var(--cost-4)}svg .cost-5{fill:var(--cost-5)}svg .cost-6{fill:var(--cost-6)}svg .cost-rest{fill:var(--cost-rest)}
svg .unexplained{fill:var(--unsanctioned)}svg .estimated{fill:none;stroke:var(--muted);stroke-width:1.5}
.stack{display:grid;grid-template-columns:minmax(0,1fr) 220px;gap:20px;align-items:end}
.names{display:block;overflow:visible;margin-top:14px}
.leader{fill:none;stroke:var(--muted);stroke-width:1}.pointer{stroke:var(--ink);stroke-width:1;stroke-dasharray:2 2}
circle.flag{fill:var(--card);stroke:var(--ink);stroke-width:1.5}text.flag{font-weight:600;font-size:11px}
.marked{list-style:none;margin:10px 0 0;padding:0;display:grid;gap:12px}.marked li{display:grid;grid-template-columns:22px minmax(0,1fr);gap:12px}
span.flag{width:22px;height:22px;border:1.5px solid var(--ink);border-radius:50%;text-align:center;font-size:.74rem;font-weight:600;line-height:19px}
.marked .sub{margin-top:2px}.marked .chip{vertical-align:bottom}
.burns{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px;margin-bottom:16px}.burns .card{margin:0}.burns h4{font-size:1rem;color:var(--ink);letter-spacing:0}.burns p{font-size:.92rem}
.burn{display:block;overflow:visible;width:calc(100% - 64px);margin-top:8px}
.burn path{vector-effect:non-scaling-stroke}.burn .used{fill:var(--cost-1);opacity:.16}.burn .course{fill:none;stroke:var(--cost-1);stroke-width:2.5}
.burn .band{fill:var(--unreviewed);opacity:.3}.burn .expected{fill:none;stroke:var(--ink);stroke-width:1.5;stroke-dasharray:5 4}
.burn .axis,.trend .axis{stroke:var(--line);stroke-width:1}.burn line.reference{stroke:var(--muted);stroke-width:1.5;stroke-dasharray:2 3}.burn text.reference{fill:var(--muted)}.burn line.limit{stroke:var(--critical);stroke-width:1.5}.burn text.limit{font-weight:600;fill:var(--critical)}
.burn .end{fill:var(--ink)}.burn .crossing{fill:var(--card);stroke:var(--critical);stroke-width:2.5}
.trend{display:block;max-width:100%}.trend .course{fill:none;stroke:var(--cost-1);stroke-width:1.8;stroke-linejoin:round}.trend .usual{stroke:var(--muted);stroke-dasharray:3 3}.trend .end{fill:var(--cost-1)}.trend .drifted{fill:var(--card);stroke:var(--high);stroke-width:2.5}
.units td{min-width:140px}.units .now{display:block}.drift{display:block;color:var(--high);font-size:.86rem}.drift.better{color:var(--ink)}
.amount{display:block;margin-top:4px;min-width:90px}.amount rect{fill:var(--cost-1)}
.advised .said{display:block}.advised thead th:first-child{width:40%}.advised thead th:nth-child(2){width:9em}.bill{display:block}
table{width:100%;border-collapse:collapse;font-size:.92rem}
caption{text-align:left;color:var(--muted);font-size:.86rem;padding:0 0 8px}
th,td{text-align:left;vertical-align:top;padding:9px 12px 9px 0;border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
thead th{font-size:.8rem;font-weight:600;color:var(--muted);border-bottom:1.5px solid var(--ink);vertical-align:bottom}
tbody th{font-weight:400;min-width:10em}
tbody td{min-width:5.5em;overflow-wrap:anywhere}
.num{text-align:right;white-space:nowrap}
.nowrap{white-space:nowrap}
tr.group th{padding:20px 0 6px;font-size:1.02rem;font-weight:600;border-bottom:1px solid var(--ink)}
tr.group .small{font-weight:400;color:var(--muted);margin-left:10px}
tr.rows-of th{padding-left:14px;min-width:15em}
tr.several th,tr.several td{border-bottom-color:transparent;padding-bottom:0}tr.several~tr .sub{padding-left:14px}
.bar{width:46%}
.name{font-weight:600;overflow-wrap:anywhere}
.sub{display:block;color:var(--muted);font-size:.86rem;overflow-wrap:anywhere}
.verdict{display:inline-flex;align-items:center;gap:7px;white-space:nowrap;font-weight:600}
.verdict svg{border-radius:2px}
.rule{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin-top:16px}
.advice{display:grid;grid-template-columns:repeat(3,1fr);gap:12px 26px;margin:12px 0 4px}
.advice p{margin:0;font-size:.92rem}
.finding{border-top:1px solid var(--line);margin-top:16px;padding-top:14px}
.finding h4{font-size:1rem;color:var(--ink);font-weight:600;letter-spacing:0;overflow-wrap:anywhere}
.facts{display:flex;flex-wrap:wrap;gap:6px 28px;margin:10px 0 0}
.facts div{min-width:0}.facts dt{font-size:.8rem;color:var(--muted)}.facts dd{margin:0;overflow-wrap:anywhere;font-size:.92rem}
details{margin-top:10px}summary{cursor:pointer;color:var(--link);font-size:.92rem;width:fit-content}
details table{margin-top:8px;font-size:.86rem}
.empty{border:1.5px dashed var(--line);border-radius:10px;padding:20px 22px;color:var(--muted)}
.empty strong{display:block;color:var(--ink);font-weight:600}
.todo{margin:8px 0 0;padding:0;list-style:none;display:grid;gap:8px}.todo li{display:grid;grid-template-columns:6.2em 1fr;gap:4px 12px;align-items:baseline}
.scroll{overflow-x:auto}
.plain{margin:0;padding-left:1.1em;max-width:50em}.plain li{margin:.3em 0}
footer{margin-top:64px;padding-top:16px;border-top:1px solid var(--line);color:var(--muted);font-size:.86rem}
@media screen and (max-width:900px){.figures,.figures.thirds{grid-template-columns:repeat(2,1fr)}.burns{grid-template-columns:minmax(0,1fr)}.advice{grid-template-columns:1fr}}
@media screen and (max-width:1000px){
table.cards,table.cards tbody,table.cards caption{display:block}table.cards thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
table.cards tr{display:grid;grid-template-columns:repeat(auto-fill,minmax(130px,1fr));gap:6px 16px;padding:14px 0;border-bottom:1px solid var(--line)}
table.cards tr.group{display:block;padding:22px 0 6px;border-bottom:1px solid var(--ink)}table.cards tr.group th{border:0;padding:0}table.cards tr.group .small{display:block;margin:0}
table.cards th,table.cards td{padding:0;border:0;text-align:left;min-width:0;overflow-wrap:anywhere}
table.cards tbody th,table.cards .wide{grid-column:1/-1}
table.cards tbody th{min-width:0}table.cards tr.rows-of th{padding-left:0}
table.cards td[data-label]::before{content:attr(data-label);display:block;font-size:.8rem;color:var(--muted)}
table.cards td:empty{display:none}
table.cards .bar{width:auto}table.cards .unit{display:none}
.strip{min-width:0}
}
@media screen and (max-width:760px){
.page{padding:0 16px 48px}section{margin-top:48px}
header.top{flex-direction:column;align-items:flex-start}
.figure{padding:12px 14px}.figure .value{font-size:1.65rem}.figures{gap:10px}
.card,.rule{padding:14px}
.flow text,.flow text.place{font-size:11px}
.stack{grid-template-columns:minmax(0,1fr);gap:0}.names{margin-top:22px}
.todo li{grid-template-columns:1fr}
}
@media print{
:root{color-scheme:light;--paper:#fff;--card:#fff;--sunk:#f4f4f4;--line:#cfcfcf;--ink:#111;--muted:#4d4d4d;--link:#111;
--sanctioned:#2b7f70;--unreviewed:#d39a2f;--unsanctioned:#c4452f;--unjudged:#8d94a0;--critical:#8f1740;--high:#b93a22;--medium:#8a5a00;--low:#2a6496;--informational:#4d4d4d;
--cost-1:#1f4e79;--cost-2:#5d8fc0;--cost-3:#6b4684;--cost-4:#a87bbb;--cost-5:#3f7650;--cost-6:#9c6b30;--cost-rest:#8d94a0;}
@page{size:A4;margin:14mm 14mm 16mm}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
html{font-size:10pt}body{font-size:1rem}.page{max-width:none;padding:0}nav,.skip,.screen-only{display:none}
section{margin-top:26pt}h2,h3,h4,.intro,.advice,tr.group,caption{break-after:avoid}
.figure,.facts,.advice,.card,h4,tr{break-inside:avoid}.facts,.finding h4{break-after:avoid}thead{display:table-header-group}
.figures{grid-template-columns:repeat(4,1fr)}.figures.thirds,.advice{grid-template-columns:repeat(3,1fr)}.burns{grid-template-columns:repeat(2,minmax(0,1fr))}.marked li{break-inside:avoid}
details::details-content{content-visibility:visible;block-size:auto}summary{list-style:none;color:var(--muted)}
table{font-size:8.6pt}details table{font-size:7.6pt}th,td{padding-top:4pt;padding-bottom:4pt}
a{text-decoration:none}.spark{width:70px}
}
`;
