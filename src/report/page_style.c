#include "report/page.h"

// Colours of lines: Okabe and Ito's set, which stays apart for all kinds of colour vision; darker
// on white and lighter on black where their contrast asks for it. Texts never rely on colour.
static const char* const style[] = {
    ":root{--bg:#fff;--fg:#1a1a1a;--soft:#555;--rule:#d5d5d5;--panel:#f4f4f2;--link:#0b57a4;"
    "--warn:#fdf3d8;--k0:#6b6b6b;--k1:#0072b2;--k2:#d55e00;--k3:#009e73;--k4:#b4558c;"
    "--k5:#c98500;--k6:#3d9ad1}",
    "@media screen and (prefers-color-scheme:dark){:root{--bg:#16181a;--fg:#ececec;--soft:#b4b4b4;"
    "--rule:#3c4043;--panel:#22262a;--link:#8ec5ff;--warn:#3b3216;--k0:#a8a8a8;--k1:#4aa8e0;"
    "--k2:#f28a3c;--k3:#2fc79a;--k4:#dd8fbd;--k5:#e8b13c;--k6:#8fd0f5}}",
    "*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}",
    "body{margin:0;background:var(--bg);color:var(--fg);font:17px/1.5 system-ui,-apple-system,"
    "'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif;overflow-wrap:anywhere}",
    "main,footer{max-width:56rem;margin:0 auto;padding:0 1.2rem}",
    "h1{font-size:1.8rem;line-height:1.2;margin:.6em 0 .2em}",
    "h2{font-size:1.35rem;margin:2.4em 0 .5em;padding-top:.5em;border-top:2px solid var(--rule)}",
    "#answer h2{border-top:0;margin-top:.8em}",
    "h3{font-size:1.05rem;line-height:1.35;margin:1.2em 0 .4em}p{margin:.5em 0 .8em}",
    "a{color:var(--link)}.skip{position:absolute;left:-999em}.skip:focus{left:1em;top:1em}",
    ".banner{background:var(--warn);margin:0 -1.2rem;padding:.55em 1.2rem;font-size:.95rem}",
    ".sub,.note,figcaption{color:var(--soft);font-size:.92rem}",
    ".answer{font-size:1.12rem}.rests{border-left:3px solid var(--k5);padding-left:.7em}",
    "nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.15em 1.1em;margin:0;padding:.6em 0;"
    "border-block:1px solid var(--rule);font-size:.92rem}",
    "figure{margin:1.4em 0;break-inside:avoid}figure h3{margin-top:0}",
    "figure svg{display:block;width:100%;height:auto}",
    "figure svg.narrow{display:none}",
    "figcaption{max-width:46rem;margin:.3em 0 .5em}",
    "svg text{fill:var(--fg);font-size:13px;font-family:inherit}",
    "svg .head,svg .end,svg .row{paint-order:stroke;stroke:var(--bg);stroke-width:4px;"
    "stroke-linejoin:round}",
    "svg .tick,svg .label{fill:var(--soft)}svg .strong,svg .head{font-weight:600}",
    ".grid{stroke:var(--rule);stroke-width:1;fill:none}.axis{stroke:var(--soft);fill:none}",
    ".mark{stroke:var(--fg);stroke-width:1.2;stroke-dasharray:2 4;fill:none}",
    ".c0{--c:var(--k0)}.c1{--c:var(--k1)}.c2{--c:var(--k2)}.c3{--c:var(--k3)}.c4{--c:var(--k4)}",
    ".c5{--c:var(--k5)}.c6{--c:var(--k6)}",
    ".line{stroke:var(--c);stroke-width:2.4;fill:none;stroke-linejoin:round}",
    ".d1{stroke-dasharray:8 5}.d2{stroke-dasharray:2 4}",
    ".band{fill:var(--c);opacity:.16}.faint{opacity:.07}.dot{fill:var(--c)}.bar{fill:var(--c);"
    "opacity:.85}",
    ".total{fill:none;stroke:var(--fg);stroke-width:1.4}",
    ".leader{stroke:var(--c);stroke-width:1;fill:none;opacity:.6}",
    ".whisker{stroke:var(--c);stroke-width:1.8;fill:none}",
    ".error{stroke:var(--fg);stroke-width:1.3;fill:none}",
    ".hollow{fill:var(--bg);stroke:var(--c);stroke-width:2.2}",
    ".tickbar{stroke:var(--fg);stroke-width:2.6;fill:none}",
    ".icon{stroke:var(--c);stroke-width:8;stroke-linecap:round;fill:none}.empty{stroke:var(--rule)"
    "}",
    ".flow{fill:var(--c);opacity:.75}.loss{fill:var(--c);opacity:.22}",
    ".box{fill:var(--bg);stroke:var(--c);stroke-width:1.6}.cursor{stroke:var(--soft);fill:none}",
    ".tools{display:flex;gap:.4em;flex-wrap:wrap;margin:.2em 0 .5em}",
    "button{font:inherit;font-size:.82rem;padding:.15em .7em;color:var(--link);cursor:pointer;"
    "background:var(--panel);border:1px solid var(--rule);border-radius:.3em}",
    "thead button{all:unset;cursor:pointer;font:inherit}thead button:focus-visible{outline:2px "
    "solid "
    "var(--link)}th[aria-sort]::after{content:' \\25B2'}"
    "th[aria-sort=descending]::after{content:' \\25BC'}",
    ".tip{position:absolute;z-index:9;max-width:22rem;padding:.35em .6em;white-space:pre-line;"
    "background:var(--fg);color:var(--bg);font-size:.84rem;border-radius:.3em;pointer-events:none}",
    ".tip-live{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}",
    ".zoom{margin:.6em 0}.u-legend{color:var(--fg);text-align:left}.u-legend th{min-width:0}",
    ".question{font-size:1.05rem}.term{color:inherit;text-decoration:underline dotted}",
    ".two{display:grid;grid-template-columns:1fr 1fr;gap:1.5rem}.two>section{min-width:0}"
    ".two figure svg.wide{display:none}.two figure svg.narrow{display:block;max-width:30rem}",
    ".scroll{overflow-x:auto;margin:.6em 0 1em}",
    "table{border-collapse:collapse;font-size:.88rem;line-height:1.35;min-width:100%}",
    "caption{text-align:left;font-weight:600;padding:.3em 0}",
    "th,td{text-align:left;vertical-align:top;padding:.32em .7em .32em 0;"
    "border-bottom:1px solid var(--rule);overflow-wrap:normal}",
    "thead th{color:var(--soft);font-weight:600;vertical-align:bottom;line-height:1.2}",
    "tbody th{font-weight:500;min-width:8em;max-width:18em;overflow-wrap:break-word}",
    ".n{text-align:right;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}",
    "tbody th[colspan]{padding-top:1em;font-weight:600}.say{display:block;color:var(--soft)}",
    ".ci{color:var(--soft)}.source{min-width:15em;overflow-wrap:anywhere}",
    ".tag{background:var(--panel);border-radius:.3em;padding:0 .4em;font-size:.85em;"
    "color:var(--soft)}",
    ".assumed th{border-left:3px solid var(--k5);padding-left:.5em}",
    "details{margin:.5em 0}summary{cursor:pointer;color:var(--link)}",
    "section>details>summary{padding:.2em 0}",
    "dl{margin:.6em 0;display:grid;grid-template-columns:minmax(7em,14em) 1fr;gap:.25em 1.2em;"
    "font-size:.92rem}dt{font-weight:600}dd{margin:0;color:var(--soft)}",
    "pre{background:var(--panel);padding:.7em 1em;overflow-x:auto;border-radius:.3em}",
    "code{font-size:.9em}footer{margin-top:3em;border-top:1px solid var(--rule);"
    "color:var(--soft);font-size:.9rem}",
    ":focus-visible{outline:2px solid var(--link);outline-offset:2px}",
    "@media screen and (max-width:640px){body{font-size:16px}main,footer{padding:0 .9rem}"
    ".banner{margin:0 -.9rem;padding:.5em .9rem}h1{font-size:1.45rem}"
    "dl{display:block}dd{margin-bottom:.5em}.two{display:block}figure svg.wide{display:none}figure "
    "svg.narrow{display:block}}",
    "@media print{html{font-size:10pt}body{font-size:1rem}figure svg{max-width:160mm}"
    "main,footer{max-width:none;padding:0}"
    "nav,.skip,.tools,.zoom,.tip{display:none}.banner{margin:0;border:1px solid #999}"
    ".scroll{overflow:visible}table{font-size:8pt;min-width:0;width:100%}td.n:has(.ci){white-space:"
    "normal}.ci{white-space:nowrap}"
    "tr,figure{break-inside:avoid}h2,h3,caption{break-after:avoid}thead{display:table-header-group}"
    "tbody th{min-width:0}.source{min-width:0}a{color:inherit}}",
};

void st_page_style_write(st_text* out)
{
    for (size_t i = 0; i < sizeof style / sizeof style[0]; i++) {
        st_text_add(out, style[i]);
        st_text_add(out, "\n");
    }
}
