"""Check the built site: what is shown, what is folded, what scrolls, what is broken.

python tools/check_site.py _docs [--browser chromium]: with a browser, overflowing blocks are measured at 1,280 pixels;
without one, code cannot scroll (it wraps), and outputs with lines of more than 100 characters count as scrolling.
"""
import argparse
import html
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LARGEST_PAGE = 1_000_000
WIDEST_OUTPUT = 100 # characters that fit at 1,280 pixels
CHECK = re.compile(r'^(assert |assert\(|with pytest\.|(?:torch|np)\.testing\.|test_\w+\(|def test_)')
MEASURE = """<script>window.addEventListener('load', () => {
  const blocks = [...document.querySelectorAll('main pre')].filter(b => b.offsetParent);
  document.body.dataset.scrolls = blocks.filter(b => b.scrollWidth > b.clientWidth + 1).length + '/' + blocks.length;
});</script>"""


def code_blocks(text):
    "Source of each code cell of a page, and whether it is folded"
    for m in re.finditer(r'(<details[^>]*class="code-fold">\s*<summary>[^<]*</summary>\s*)?(?:<div class="code-copy-outer-scaffold">)?<div class="sourceCode"[^>]*>.*?<code[^>]*>(.*?)</code>', text, re.S):
        yield html.unescape(re.sub(r'<[^>]*>', '', m[2])),m[1] is not None

def wide_outputs(text):
    "Outputs in a box of their own: how many there are, and how many have a line that does not fit"
    outputs = [html.unescape(re.sub(r'<[^>]*>', '', m)) for m in re.findall(r'cell-output[^>]*>\s*<pre><code>(.*?)</code>', text, re.S)]
    return len(outputs),sum(max(map(len, o.splitlines()), default=0) > WIDEST_OUTPUT for o in outputs)

def measured(page, browser):
    "Blocks that scroll, of all that are shown, in a window 1,280 pixels wide"
    with tempfile.NamedTemporaryFile('w', suffix='.html', dir=page.parent) as f:
        f.write(page.read_text().replace('</body>', MEASURE + '</body>'))
        f.flush()
        command = [browser, '--headless', '--no-sandbox', '--disable-gpu', '--window-size=1280,900', '--virtual-time-budget=4000', '--dump-dom', f'file://{f.name}']
        out = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    found = re.search(r'data-scrolls="(\d+)/(\d+)"', out)
    if not found: sys.exit(f'check_site: {browser} did not render {page.name}')
    return int(found[2]),int(found[1])

def check(site, browser=None):
    "The figures of the site by name, each with the most that is allowed"
    lines = shown_checks = blocks = scrolling = 0
    for page in sorted(site.rglob('*.html')):
        text = page.read_text()
        for code,folded in code_blocks(text):
            own = code.splitlines()
            lines += len(own)
            shown_checks += sum(bool(CHECK.match(line)) for line in own)*(not folded)
            blocks += browser is None
        n,wide = measured(page, browser) if browser else wide_outputs(text)
        blocks,scrolling = blocks + n,scrolling + wide
    texts = {p: p.read_text() for p in site.rglob('*.html')}
    figures = {
        'lines of checks that are not folded': (shown_checks, 0),
        'blocks that scroll at 1,280 pixels / %': (round(100*scrolling/max(1, blocks), 2), 2),
        'links to #LNone': (sum(len(re.findall(r'href="[^"]*#LNone"', t)) for t in texts.values()), 0),
        'raw links in Markdown': (sum(len(re.findall(r'\]\([\w./-]+\.ipynb\)', re.sub(r'<code.*?</code>', '', t, flags=re.S))) for t in texts.values()), 0),
        'pages above 1 MB': (sum(p.stat().st_size > LARGEST_PAGE for p in texts), 0),
        'requests to other servers for fonts, styles, scripts': (sum(len(re.findall(r'<(?:link rel="stylesheet" href|script src)="https?:', t)) for t in texts.values()), 0),
        'pages without a title or a summary': (sum('<title>' not in t or not re.search(r'<title>[^<]+</title>', t) for t in texts.values()), 0)}
    return lines,len(texts),figures

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('site', type=Path)
    p.add_argument('--browser', help='program that renders pages, such as chromium')
    args = p.parse_args()
    lines,n,figures = check(args.site, args.browser)
    print(f'{n} pages, {lines} lines of code')
    for name,(value,most) in figures.items(): print(f'{value:8} {name} (at most {most})')
    if failed := [name for name,(value,most) in figures.items() if value > most]: sys.exit('check_site: ' + '; '.join(failed))

if __name__ == '__main__': main()
