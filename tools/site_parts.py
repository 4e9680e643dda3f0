"What is done to the pages of the site after they are rendered: figures as files, a gallery, fonts and formulas without other servers"
import base64
import hashlib
import html
import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from PIL import Image

KATEX_VERSION = '0.16.11'
FONT,FONT_VERSION = '@fontsource-variable/source-sans-3','5.3.1'
_LEFT_OUT = ('.ttf', '.woff', '.mjs', 'katex.js', 'katex.css')
_PICTURE = re.compile(r'<img([^>]*?) src="data:image/png;base64,([^"]+)"([^>]*)>')


def pages(site): return sorted(site.rglob('*.html'))

def relative_links(site, hosted):
    "nbdev links symbols with the hosted address; on a copy of the site they should lead to that copy"
    for p in pages(site):
        to = os.path.relpath(site, p.parent)
        p.write_text(p.read_text().replace(f'href="{hosted}', f'href="{to}/'))

def true_sources(site, numbered):
    "Links to edit and view a page's source name the file in the repository: `numbered` maps page sources to files"
    for p in pages(site):
        source = p.relative_to(site).with_suffix('.ipynb').as_posix()
        if source in numbered: p.write_text(re.sub(rf'(/(?:edit|blob)/[^"]*/)nbs/{re.escape(source)}"', rf'\g<1>nbs/{numbered[source]}"', p.read_text()))

# ------------------------------------------------------------------ figures

def figures_to_files(site):
    "Pictures inside pages become files, shown at half their pixels: notebooks store two for each point of the screen"
    folder = site/'figures'
    folder.mkdir(exist_ok=True)
    for p in pages(site):
        def as_file(m, p=p):
            data = base64.b64decode(m[2])
            path = folder/f'{hashlib.sha256(data).hexdigest()[:16]}.png'
            path.write_bytes(data)
            width,height = (n//2 for n in Image.open(io.BytesIO(data)).size)
            alt = '' if 'alt=' in m[1] + m[3] else ' alt="figure"'
            src = os.path.relpath(path, p.parent)
            return f'<img{m[1]} src="{src}" width="{width}" height="{height}" loading="lazy"{alt}{m[3]}>'
        p.write_text(_PICTURE.sub(as_file, p.read_text()))

def _title(text): return html.unescape(re.search(r'<title>(.*?)(?: – .*)?</title>', text)[1])

def _figures_of(text):
    "Of each figure of a page: the cell's anchor, its file, its caption"
    for cell in re.finditer(r'<div id="(cell-\d+)" class="cell">(.*?)(?=<div id="cell-|</main>)', text, re.S):
        for m in re.finditer(r'<img[^>]* src="(?:\.\./)*figures/(\w+\.png)"[^>]*>(?:</p>\s*<figcaption>(.*?)</figcaption>)?', cell[2], re.S):
            yield cell[1],m[1],m[2] or ''

def gallery(site, width=330):
    "Fill the page `gallery.html` with a small copy of every figure, linked to where it stands"
    page = site/'gallery.html'
    if not page.exists(): return
    thumbs,items = site/'figures'/'thumbs',[]
    thumbs.mkdir(parents=True, exist_ok=True)
    for p in _reading_order(site):
        text = p.read_text()
        for anchor,name,caption in _figures_of(text):
            picture = Image.open(site/'figures'/name).convert('RGB')
            picture.thumbnail((2*width, 2*width))
            picture.quantize(64).save(thumbs/name, optimize=True)
            link,title = f'{p.relative_to(site).as_posix()}#{anchor}',html.escape(_title(text))
            image = f'<img src="figures/thumbs/{name}" loading="lazy" alt="{caption or title}">'
            items.append(f'<a class="gallery-item" href="{link}">{image}<b>{title}</b><span>{caption}</span></a>')
    text = page.read_text()
    if '<p>GALLERY</p>' not in text: raise SystemExit('site_parts: gallery.html has no paragraph GALLERY to fill')
    page.write_text(text.replace('<p>GALLERY</p>', f'<div class="gallery">{"".join(items)}</div>'))

def _reading_order(site):
    "Pages as the sidebar lists them"
    links = re.findall(r'class="sidebar-item-text sidebar-link[^"]*" href="([^"#]+\.html)"|href="([^"#]+\.html)" class="sidebar-item-text', (site/'index.html').read_text())
    names = dict.fromkeys(a or b for a,b in links)
    return [site/n.removeprefix('./') for n in names] or pages(site)

# ------------------------------------------------------------------ code and contents

def _lines(code):
    "Highlighted code as one span a line; spans that go over several lines are closed and opened again"
    open_,out = [],[]
    for line in code.split('\n'):
        start = ''.join(open_)
        for tag in re.findall(r'<span[^>]*>|</span>', line): open_.pop() if tag == '</span>' else open_.append(tag)
        indent = len(line) - len(line.lstrip(' '))
        out.append(f'<span class="line" style="--indent:{indent}">{start}{line}{"</span>"*len(open_)}\n</span>')
    return ''.join(out)

def wrap_lines(site):
    "Each line of code in a span, so that a long line can be wrapped with an indent"
    for p in pages(site):
        text = re.sub(r'(<code class="sourceCode[^"]*">)(.*?)(</code>)', lambda m: m[1] + _lines(m[2]) + m[3], p.read_text(), flags=re.S)
        p.write_text(text)

def contents_on_phones(site):
    "The table of contents inside the text, which only narrow screens show, can be opened and closed"
    for p in pages(site):
        text = re.sub(r'(<nav id="TOC-body".*?</nav>)', r'<details class="contents-on-phones"><summary>On this page</summary>\1</details>',
                      p.read_text(), count=1, flags=re.S)
        p.write_text(text)

# ------------------------------------------------------------------ fonts and formulas

def _npm(package, dest, keep):
    "Files of an npm package that `keep` wants, copied flat to a folder; False without npm"
    npm = shutil.which('npm')
    if not npm: return False
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([npm, 'pack', '--silent', package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder).glob('*.tgz'))) as t: t.extractall(folder, filter='data')
        keep(Path(folder)/'package', dest)
    return True

def own_fonts(site):
    "The text's font from the site itself: themes ask another server for theirs"
    for css in site.rglob('*.css'): css.write_text(re.sub(r'@import url\([^)]*fonts\.googleapis[^)]*\);', '', css.read_text()))
    dest = site/'site_libs'/'fonts'
    dest.mkdir(parents=True, exist_ok=True)
    names = {f'source-sans-3-{part}-wght-{style}.woff2': (part, style) for part in ('latin', 'latin-ext', 'greek') for style in ('normal', 'italic')}
    def keep(package, dest):
        for name in names: shutil.copy(package/'files'/name, dest)
        shutil.copy(package/'LICENSE', dest)
    if not _npm(f'{FONT}@{FONT_VERSION}', dest, keep): return print('site_parts: npm is not installed; pages use a font of the system')
    ranges = dict(latin='U+0000-00FF,U+2000-206F,U+20AC,U+2122,U+2190-21FF,U+2212', greek='U+0370-03FF')
    ranges['latin-ext'] = 'U+0100-02FF,U+1E00-1EFF'
    rules = [f'@font-face{{font-family:"Source Sans 3";font-style:{style};font-weight:200 900;font-display:swap;'
             f'src:url({name}) format("woff2");unicode-range:{ranges[part]}}}' for name,(part,style) in names.items()]
    (dest/'fonts.css').write_text('\n'.join(rules) + '\n')
    for p in pages(site):
        link = f'<link rel="stylesheet" href="{os.path.relpath(dest/"fonts.css", p.parent)}">'
        p.write_text(p.read_text().replace('</head>', f'{link}</head>', 1))

def katex(site):
    "Formulas from the site itself, so that they show without a connection"
    from smalldocs.layout import KATEX # the address that the pages name
    dest = site/'site_libs'/'katex'
    def keep(package, dest): shutil.copytree(package/'dist', dest, ignore=lambda d, names: [n for n in names if n.endswith(_LEFT_OUT)])
    if not _npm(f'katex@{KATEX_VERSION}', dest, keep): return print('site_parts: npm is not installed, so formulas need a connection to show')
    css = dest/'katex.min.css' # only the modern font format is kept
    css.write_text(re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("[^"]*"\)', '', css.read_text()))
    for p in pages(site):
        text = p.read_text()
        if KATEX in text: p.write_text(text.replace(KATEX, os.path.relpath(dest, p.parent)))
