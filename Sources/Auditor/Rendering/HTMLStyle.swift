/// How the page looks: one column for reading, colours that hold in light and dark, and on paper.
enum HTMLStyle {
    static let text = """
        :root{color-scheme:light dark;--ink:#1c2126;--muted:#5b6670;--paper:#fdfdfc;--card:#fff;--soft:#f2f3f1;--line:#dcdfda;--link:#0b57a4;
        --critical:#a30f2d;--high:#c2521b;--medium:#b58105;--low:#4a7aa8;--good:#2f7d4f}
        @media(prefers-color-scheme:dark){:root{--ink:#e4e7ea;--muted:#9aa5af;--paper:#121518;--card:#191d21;--soft:#20262b;--line:#323a41;--link:#82b7f5;
        --critical:#ff6f86;--high:#ff9a5c;--medium:#e2b340;--low:#7fb2e5;--good:#5dbb83}}
        *{box-sizing:border-box}html{scroll-behavior:smooth}
        body{font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink);background:var(--paper);max-width:62rem;margin:0 auto;padding:2rem 1.25rem 4rem}
        h1{font-size:2.25rem;line-height:1.1;margin:.1rem 0 .75rem;letter-spacing:-.02em}h2{font-size:1.35rem;line-height:1.2;margin:0 0 1rem;padding-top:.5rem;letter-spacing:-.01em}h3{font-size:1.05rem;line-height:1.35;margin:0 0 .25rem}
        a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:2px}a:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
        code,pre{font:.84em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}small,.fine{font-size:.85rem;color:var(--muted)}
        header{border-bottom:1px solid var(--line);padding-bottom:1rem}.kind{margin:0;color:var(--muted);text-transform:uppercase;letter-spacing:.12em;font-size:.75rem}.lead{font-size:1.08rem;max-width:48rem}
        nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:.75rem 0;border-bottom:1px solid var(--line);font-size:.9rem}nav a{text-decoration:none}
        section{margin:2.5rem 0}ul,ol{padding-left:1.25rem}
        .grades{list-style:none;display:grid;grid-template-columns:repeat(auto-fill,minmax(7rem,1fr));gap:.75rem;padding:0;margin:0 0 1.25rem}
        .grades li{background:var(--card);border:1px solid var(--line);border-top:4px solid var(--good);border-radius:8px;padding:.5rem .75rem}.grades b{font-size:1.7rem;line-height:1.1;display:block}.grades span{font-weight:600;font-size:.92rem}.grades small{display:block}
        .grades .grade-B{border-top-color:var(--low)}.grades .grade-C{border-top-color:var(--medium)}.grades .grade-D{border-top-color:var(--high)}.grades .grade-F{border-top-color:var(--critical)}
        .bar{width:100%;height:14px;display:block}.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:.5rem 0 1rem;font-size:.9rem}
        .dot{display:inline-block;width:.65rem;height:.65rem;border-radius:50%;margin-right:.45rem;vertical-align:baseline}.dot.critical{background:var(--critical)}.dot.high{background:var(--high)}.dot.medium{background:var(--medium)}.dot.low{background:var(--low)}
        .ranking{padding-left:1.75rem;margin:1rem 0 0}.ranking li{padding:.3rem 0;border-bottom:1px solid var(--line)}.ranking a{text-decoration:none}.ranking small{display:block;overflow-wrap:anywhere}
        article{background:var(--card);border:1px solid var(--line);border-left:6px solid var(--low);border-radius:8px;padding:1rem 1.25rem;margin:1.25rem 0;scroll-margin-top:1rem}
        article.critical{border-left-color:var(--critical)}article.high{border-left-color:var(--high)}article.medium{border-left-color:var(--medium)}article.kept{opacity:.7}
        .number{color:var(--muted);font-weight:400;margin-right:.5rem}.tag{font-size:.7rem;text-transform:uppercase;letter-spacing:.06em;border-radius:4px;padding:.15rem .45rem;margin-right:.35rem;color:#fff;background:var(--low);vertical-align:.1em}
        .critical .tag{background:var(--critical)}.high .tag{background:var(--high)}.medium .tag{background:var(--medium)}@media(prefers-color-scheme:dark){.tag{color:#121518}}
        .where{margin:0 0 .75rem;color:var(--muted);font-size:.88rem;overflow-wrap:anywhere}.body{display:flex;flex-wrap:wrap;gap:.5rem 2rem;align-items:flex-start}
        dl{flex:1 1 26rem;display:grid;grid-template-columns:5.5rem 1fr;gap:.35rem .75rem;margin:0}dt{font-weight:600;font-size:.9rem}dd{margin:0;overflow-wrap:anywhere}
        .numbers{flex:0 1 15rem;border-collapse:collapse;font-size:.86rem;background:var(--soft);border-radius:6px}.numbers th{font-weight:400;color:var(--muted);text-align:left;padding:.2rem .6rem}.numbers td{text-align:right;padding:.2rem .6rem;font-variant-numeric:tabular-nums}
        figure{margin:.85rem 0 0}figcaption{font-size:.78rem;color:var(--muted);margin-bottom:.15rem;overflow-wrap:anywhere}pre{background:var(--soft);margin:0;padding:.65rem .8rem;border-radius:6px;overflow-x:auto;tab-size:2}
        .fix pre{border-left:3px solid var(--good)}.undo pre{border-left:3px solid var(--line)}.repeat{margin:.85rem 0 0;font-size:.86rem;overflow-wrap:anywhere}.id{margin:.25rem 0 0;font-size:.72rem;color:var(--muted);overflow-wrap:anywhere}
        .wide{overflow-x:auto}.wide table{border-collapse:collapse;width:100%;font-size:.92rem}.wide th,.wide td{border-bottom:1px solid var(--line);padding:.4rem .6rem .4rem 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}.wide th{color:var(--muted);font-weight:600;font-size:.82rem}.wide .n{text-align:right;font-variant-numeric:tabular-nums}.wide td code{overflow-wrap:anywhere}
        .timeline{list-style:none;padding:0;border-left:3px solid var(--line);margin-left:.4rem}.timeline li{position:relative;padding:.3rem 0 .3rem 1.25rem}.timeline li::before{content:"";position:absolute;left:-.56rem;top:.75rem;width:.75rem;height:.75rem;border-radius:50%;background:var(--paper);border:3px solid var(--medium)}.timeline .reached::before{background:var(--critical);border-color:var(--critical)}.timeline b{display:block;font-size:.88rem;color:var(--muted)}
        .steps li{padding:.2rem 0}.steps small{display:block}.to{font-size:.85rem;white-space:nowrap}
        .chart{width:100%;max-width:45rem;height:auto;display:block;margin:.75rem 0}svg text{fill:var(--ink);font:14px system-ui,sans-serif}svg .small{font-size:12px;fill:var(--muted)}svg line{stroke:var(--muted);stroke-dasharray:3 3}
        rect.critical{fill:var(--critical)}rect.high{fill:var(--high)}rect.medium{fill:var(--medium)}rect.low{fill:var(--low)}rect.good{fill:var(--good)}
        footer{border-top:1px solid var(--line);padding-top:1rem;color:var(--muted);font-size:.85rem}
        @media(max-width:40rem){body{padding:1.25rem .9rem 3rem}h1{font-size:1.7rem}dl{grid-template-columns:1fr;gap:.1rem}dt{margin-top:.4rem}article{padding:.85rem .9rem}.numbers{flex:1 1 100%}}
        @media print{:root{color-scheme:light;--ink:#000;--muted:#444;--paper:#fff;--card:#fff;--soft:#f4f4f2;--line:#c9c9c6;--critical:#a30f2d;--high:#c2521b;--medium:#b58105;--low:#4a7aa8;--good:#2f7d4f}
        body{max-width:none;padding:0;font-size:10.5pt}nav{display:none}article,figure,svg,tr,.grades li,.timeline li{break-inside:avoid}h2,h3{break-after:avoid}pre{white-space:pre-wrap;overflow-wrap:anywhere}section{margin:1.5rem 0}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}@page{margin:16mm 14mm}}
        """
}
