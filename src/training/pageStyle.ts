/** How a report looks, without a font or a file from elsewhere. */

/** Tokens of the dashboard. */
export const STYLE = `
:root{--bg:#0c0f14;--line:#222a34;--line2:#3a4656;--t1:#e9edf3;--t2:#acb7c5;--t3:#8592a3;--act:#f2f4f8;--pred:#b9a0ff;--ok:#4fc78f;--crit:#ff7381}
@media (prefers-color-scheme:light){:root{--bg:#f6f6f4;--line:#e1e4e8;--line2:#c3cad3;--t1:#14181e;--t2:#455060;--t3:#5f6a79;--act:#14181e;--pred:#6a40cf;--ok:#17784a;--crit:#bf1d38}}
*{box-sizing:border-box}
body{max-width:1184px;margin:0 auto;background:var(--bg);color:var(--t2);font:13px/18px "Inter Variable",system-ui,sans-serif;font-feature-settings:"tnum"}
header,section{padding:16px;border-bottom:1px solid var(--line)}
header{display:flex;gap:12px;align-items:baseline}
h1{margin:0;color:var(--t1);font-size:16px;font-weight:640}
h2{margin:0 0 4px;color:var(--t1);font-size:14px;font-weight:640}
p{margin:0;color:var(--t3)}
.verdict h2{font-size:26px;line-height:32px;font-weight:600}
h2.good{color:var(--ok)}h2.bad,p.bad{color:var(--crit)}
.key{font-size:12px}.key span{margin-right:12px}
.key .arrived{color:var(--act)}.key .said{color:var(--pred)}.key .band{color:var(--t2)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr))}
svg{display:block;width:100%;height:auto;margin-top:8px}
svg text{fill:var(--t3);font-size:11px}svg .value{fill:var(--t1)}
path{fill:none}.grid{stroke:var(--line)}.zero{stroke:var(--line2)}
path.arrived{stroke:var(--act);stroke-width:1.5}path.said{stroke:var(--pred);stroke-width:1.5;stroke-dasharray:5 3}
path.band{fill:var(--pred);fill-opacity:.16}
path.base{stroke:var(--t3);stroke-dasharray:1 3;stroke-linecap:round}path.event{stroke:var(--act);stroke-width:2}path.none{stroke:var(--line2);stroke-width:2}
path.curve{stroke:var(--pred);stroke-width:1.5}
rect.cell{fill:var(--pred)}
circle.kept{fill:var(--bg);stroke:var(--t1);stroke-width:1.5}
rect.good{fill:var(--ok)}rect.bad{fill:var(--crit)}
table{border-collapse:collapse;margin-top:8px}th,td{padding:4px 24px 4px 0;text-align:right;font-weight:400}th{color:var(--t3)}td{color:var(--t1);border-top:1px solid var(--line)}th:first-child,td:first-child{text-align:left}
.wide{overflow-x:auto}.wide svg{min-width:720px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0}dt{color:var(--t3)}dd{margin:0;color:var(--t1);overflow-wrap:anywhere}
@media print{body{max-width:none}}
`;
