"""Check the built site: what is shown, what is folded, what scrolls, what is broken.

python tools/check_site.py _docs: code counts as not scrolling, since it wraps, and an output as scrolling if it has a
line of more than 100 characters;
python tools/check_site.py _docs --browser chromium: a browser measures which blocks scroll, at 1,280 pixels.
"""
import argparse
import html
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urldefrag

LARGEST_PAGE = 1_000_000
WIDEST_OUTPUT = 100 # characters that fit at 1,280 pixels
CHECK = re.compile(r'^(assert |assert\(|with pytest\.|(?:torch|np)\.testing\.|test_\w+\(|def test_)')
MEASURE = """<script>window.addEventListener('load', () => {
  const blocks = [...document.querySelectorAll('main pre')].filter(b => b.offsetParent);
  document.body.dataset.scrolls = blocks.filter(b => b.scrollWidth > b.clientWidth + 1).length + '/' + blocks.length;
});</script>"""
_CODE = re.compile(r'''
    (<details[^>]*class="code-fold">\s*<summary>[^<]*</summary>\s*)?  # only above a folded cell
    (?:<div\ class="code-copy-outer-scaffold">)?
    <div\ class="sourceCode"[^>]*>.*?<code[^>]*>(.*?)</code>''', re.S | re.X)
_OUTPUT = re.compile(r'cell-output[^>]*>\s*<pre><code>(.*?)</code>', re.S)
_RAW_LINK = re.compile(r'\]\([\w./-]+\.ipynb\)')
_ELSEWHERE = re.compile(r'<(?:link rel="stylesheet" href|script src)="https?:')


def as_text(markup): return html.unescape(re.sub(r'<[^>]*>', '', markup))

def code_blocks(text):
    "Source of each code cell of a page, and whether it is folded"
    for m in _CODE.finditer(text): yield as_text(m[2]),m[1] is not None

def wide_outputs(text):
    "Outputs in a box of their own: how many there are, and how many have a line that does not fit"
    outputs = [as_text(m) for m in _OUTPUT.findall(text)]
    return len(outputs),sum(max(map(len, o.splitlines()), default=0) > WIDEST_OUTPUT for o in outputs)

def measured(page, browser):
    "Blocks that a window 1,280 pixels wide shows: how many there are, and how many scroll"
    with tempfile.NamedTemporaryFile('w', suffix='.html', dir=page.parent) as f:
        f.write(page.read_text().replace('</body>', MEASURE + '</body>'))
        f.flush()
        options = ['--no-sandbox', '--disable-gpu', '--window-size=1280,900', '--virtual-time-budget=4000']
        command = [browser, '--headless', *options, '--dump-dom', f'file://{f.name}']
        out = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    found = re.search(r'data-scrolls="(\d+)/(\d+)"', out)
    if not found: sys.exit(f'check_site: {browser} did not render {page.name}')
    return int(found[2]),int(found[1])

def code_and_scrolling(texts, browser):
    "Lines of code, lines of checks that are not folded, blocks, and blocks that scroll, of all pages"
    lines = shown_checks = blocks = scrolling = 0
    for page,text in texts.items():
        for code,folded in code_blocks(text):
            own = code.splitlines()
            lines += len(own)
            if not folded: shown_checks += sum(bool(CHECK.match(line)) for line in own)
            if browser is None: blocks += 1
        n,wide = measured(page, browser) if browser else wide_outputs(text)
        blocks += n
        scrolling += wide
    return lines,shown_checks,blocks,scrolling

def broken_links(texts):
    "(page, link) of links and pictures inside the site whose file or anchor is not there"
    anchors = {p.resolve(): set(re.findall(r'\bid="([^"]+)"', text)) for p,text in texts.items()}
    for page,text in texts.items():
        for link in re.findall(r'(?:href|src)="([^"]+)"', re.sub(r'<script.*?</script>', '', text, flags=re.S)):
            address,anchor = map(unquote, urldefrag(html.unescape(link)))
            if re.match(r'[a-z]+:|//', address): continue
            target = (page.parent/address).resolve() if address else page.resolve()
            if target.is_dir(): target = target/'index.html'
            missing = anchor and target in anchors and anchor not in anchors[target]
            if missing or not target.exists(): yield page,link

def without_code(text): return re.sub(r'<code.*?</code>', '', text, flags=re.S)

def check(site, browser=None):
    "Lines of code, number of pages, and what is counted on the pages by name, each with the most that is allowed"
    texts = {p: p.read_text() for p in sorted(site.rglob('*.html'))}
    lines,shown_checks,blocks,scrolling = code_and_scrolling(texts, browser)
    def total(count): return sum(count(text) for text in texts.values())
    broken = list(broken_links(texts))
    for page,link in broken: print(f'broken link in {page.name}: {link}')
    figures = {
        'broken links and anchors': (len(broken), 0),
        'lines of checks that are not folded': (shown_checks, 0),
        'blocks that scroll at 1,280 pixels / %': (round(100*scrolling/max(1, blocks), 2), 2),
        'links to #LNone': (total(lambda t: len(re.findall(r'href="[^"]*#LNone"', t))), 0),
        'raw links in Markdown': (total(lambda t: len(_RAW_LINK.findall(without_code(t)))), 0),
        'pages above 1 MB': (sum(p.stat().st_size > LARGEST_PAGE for p in texts), 0),
        'requests to other servers for fonts, styles, scripts': (total(lambda t: len(_ELSEWHERE.findall(t))), 0),
        'pages without a title': (total(lambda t: not re.search(r'<title>[^<]+</title>', t)), 0)}
    return lines,len(texts),figures

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('site', type=Path)
    p.add_argument('--browser', help='program that renders pages, such as chromium')
    args = p.parse_args()
    lines,n,figures = check(args.site, args.browser)
    print(f'{n} pages, {lines} lines of code')
    for name,(value,most) in figures.items(): print(f'{value:8} {name} (at most {most})')
    failed = [name for name,(value,most) in figures.items() if value > most]
    if failed: sys.exit('check_site: ' + '; '.join(failed))

if __name__ == '__main__': main()
