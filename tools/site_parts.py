"""Change the pages of the site after they are rendered.

Figures become files, the gallery is filled, long lines of code can wrap, and fonts and formulas come from the site
itself. Each function takes the folder of the site.
"""
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
PIXELS_PER_INCH = 110 # as `kernel_aimc.figures.figure_style` sets it
FONT,FONT_VERSION = '@fontsource-variable/source-sans-3','5.3.1'
_LEFT_OUT = ('.ttf', '.woff', '.mjs', 'katex.js', 'katex.css')
_NPM_TIMEOUT_S = 180
_PICTURE = re.compile(r'<img([^>]*?) src="data:image/png;base64,([^"]+)"([^>]*)>')
_CELL = re.compile(r'<div id="(cell-\d+)" class="cell">(.*?)(?=<div id="cell-|</main>)', re.S)
_FIGURE = re.compile(r'<img[^>]* src="(?:\.\./)*figures/(\w+\.png)"[^>]*>'
                     r'(?:</p>\s*<figcaption>(.*?)</figcaption>)?', re.S)
_SIDEBAR_LINK = re.compile(r'class="sidebar-item-text sidebar-link[^"]*" href="([^"#]+\.html)"|'
                           r'href="([^"#]+\.html)" class="sidebar-item-text')
_CODE = re.compile(r'(<code class="sourceCode[^"]*">)(.*?)(</code>)', re.S)
_CONTENTS = re.compile(r'(<nav id="TOC-body".*?</nav>)', re.S)


def pages(site): return sorted(site.rglob('*.html'))

def relative_links(site, hosted):
    "Make links to the hosted site relative: nbdev links symbols so, and in a copy they should lead to that copy"
    for p in pages(site):
        to = os.path.relpath(site, p.parent)
        p.write_text(p.read_text().replace(f'href="{hosted}', f'href="{to}/'))

def true_sources(site, numbered):
    "Let the links that edit or show a page's source name its file in the repository, which `numbered` gives by page"
    for p in pages(site):
        source = p.relative_to(site).with_suffix('.ipynb').as_posix()
        if source not in numbered: continue
        link = re.compile(rf'(/(?:edit|blob)/[^"]*/)nbs/{re.escape(source)}"')
        p.write_text(link.sub(rf'\g<1>nbs/{numbered[source]}"', p.read_text()))

def markdown_of_pages(site):
    "A Markdown copy of each page beside it, as `name.html.md`: docstrings of modules name this address"
    for p in site.rglob('*.llms.md'): shutil.copy(p, p.with_name(p.name.replace('.llms.md', '.html.md')))

# ------------------------------------------------------------------ figures

def _shown_size(picture):
    "Pixels of the screen for a picture, by its own pixels per inch; no more than it has"
    scale = min(1, PIXELS_PER_INCH/picture.info.get('dpi', (2*PIXELS_PER_INCH,))[0])
    return tuple(round(n*scale) for n in picture.size)

def figures_to_files(site):
    "Make files of pictures inside pages, an inch of each as wide as the others: notebooks store more or fewer pixels"
    folder = site/'figures'
    folder.mkdir(exist_ok=True)
    for p in pages(site):
        def as_file(m, p=p):
            data = base64.b64decode(m[2])
            path = folder/f'{hashlib.sha256(data).hexdigest()[:16]}.png'
            path.write_bytes(data)
            width,height = _shown_size(Image.open(io.BytesIO(data)))
            alt = '' if 'alt=' in m[1] + m[3] else ' alt="figure"'
            src = os.path.relpath(path, p.parent)
            return f'<img{m[1]} src="{src}" width="{width}" height="{height}" loading="lazy"{alt}{m[3]}>'
        p.write_text(_PICTURE.sub(as_file, p.read_text()))

def _title(text): return html.unescape(re.search(r'<title>(.*?)(?: – .*)?</title>', text)[1])

def _figures_of(text):
    "(anchor of the cell, name of the file, caption) of each figure of a page"
    for cell in _CELL.finditer(text):
        for m in _FIGURE.finditer(cell[2]): yield cell[1],m[1],m[2] or ''

def _thumbnail(picture, path, width):
    "Write a small copy of a picture, at most `width` points of the screen wide and high, in 64 colours"
    small = Image.open(picture).convert('RGB')
    small.thumbnail((2*width, 2*width))
    small.quantize(64).save(path, optimize=True)

def gallery(site, width=330):
    "Fill the page `gallery.html` with a small copy of every figure, linked to where it stands"
    page = site/'gallery.html'
    if not page.exists(): return
    thumbs = site/'figures'/'thumbs'
    thumbs.mkdir(parents=True, exist_ok=True)
    items = []
    for p in _reading_order(site):
        text = p.read_text()
        title = html.escape(_title(text))
        for anchor,name,caption in _figures_of(text):
            _thumbnail(site/'figures'/name, thumbs/name, width)
            link = f'{p.relative_to(site).as_posix()}#{anchor}'
            image = f'<img src="figures/thumbs/{name}" loading="lazy" alt="{caption or title}">'
            items.append(f'<a class="gallery-item" href="{link}">{image}<b>{title}</b><span>{caption}</span></a>')
    text = page.read_text()
    if '<p>GALLERY</p>' not in text:
        raise SystemExit('site_parts: gallery.html has no paragraph GALLERY to fill; write one in nbs/gallery.md')
    page.write_text(text.replace('<p>GALLERY</p>', f'<div class="gallery">{"".join(items)}</div>'))

def _reading_order(site):
    "Pages in the order of the sidebar, or of their names where there is no sidebar"
    links = _SIDEBAR_LINK.findall((site/'index.html').read_text())
    names = dict.fromkeys(a or b for a,b in links) # each once
    return [site/n.removeprefix('./') for n in names] or pages(site)

# ------------------------------------------------------------------ code and contents

def _lines(code):
    "Highlighted code with one span a line; spans that go over several lines are closed and opened again"
    unclosed,out = [],[]
    for line in code.split('\n'):
        reopened = ''.join(unclosed)
        for tag in re.findall(r'<span[^>]*>|</span>', line):
            if tag == '</span>': unclosed.pop()
            else: unclosed.append(tag)
        indent = len(line) - len(line.lstrip(' '))
        closed = '</span>'*len(unclosed)
        out.append(f'<span class="line" style="--indent:{indent}">{reopened}{line}{closed}\n</span>')
    return ''.join(out)

def wrap_lines(site):
    "Put each line of code in a span, so that a long line can be wrapped with an indent"
    for p in pages(site): p.write_text(_CODE.sub(lambda m: m[1] + _lines(m[2]) + m[3], p.read_text()))

def contents_on_phones(site):
    "Let the table of contents inside the text, which only narrow screens show, be opened and closed"
    folded = r'<details class="contents-on-phones"><summary>On this page</summary>\1</details>'
    for p in pages(site): p.write_text(_CONTENTS.sub(folded, p.read_text(), count=1))

# ------------------------------------------------------------------ fonts and formulas

def _from_npm(package, folder, otherwise):
    """Unpack an npm package into a folder and return its path there.

    Where npm is missing or fails, for instance without a connection, print a line that says what the site does
    `otherwise`, and return None.
    """
    npm = shutil.which('npm')
    if not npm: return print(f'site_parts: npm is not installed; {otherwise}')
    try:
        subprocess.run([npm, 'pack', '--silent', package], cwd=folder, check=True, timeout=_NPM_TIMEOUT_S,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        archive, = Path(folder).glob('*.tgz')
        with tarfile.open(archive) as t: t.extractall(folder, filter='data')
    except (OSError, ValueError, subprocess.SubprocessError, tarfile.TarError) as e:
        return print(f'site_parts: npm did not give {package} ({type(e).__name__}); {otherwise}')
    return Path(folder)/'package'

def _without_hosted_fonts(site):
    "Remove the lines of stylesheets that ask another server for fonts"
    hosted = re.compile(r'@import url\([^)]*fonts\.googleapis[^)]*\);')
    for css in site.rglob('*.css'): css.write_text(hosted.sub('', css.read_text()))

_RANGES = {'latin': 'U+0000-00FF,U+2000-206F,U+20AC,U+2122,U+2190-21FF,U+2212',
           'latin-ext': 'U+0100-02FF,U+1E00-1EFF',
           'greek': 'U+0370-03FF'}

def _font_rule(name, part, style):
    "CSS that uses a font file for a range of characters in one style"
    return (f'@font-face{{font-family:"Source Sans 3";font-style:{style};font-weight:200 900;font-display:swap;'
            f'src:url({name}) format("woff2");unicode-range:{_RANGES[part]}}}')

def own_fonts(site):
    "Take the text's font from the site itself: themes ask another server for theirs"
    _without_hosted_fonts(site)
    kinds = [(part, style) for part in _RANGES for style in ('normal', 'italic')]
    files = {f'source-sans-3-{part}-wght-{style}.woff2': (part, style) for part,style in kinds}
    dest = site/'site_libs'/'fonts'
    with tempfile.TemporaryDirectory() as folder:
        package = _from_npm(f'{FONT}@{FONT_VERSION}', folder, 'pages use a font of the system')
        if package is None: return
        dest.mkdir(parents=True, exist_ok=True)
        for file in 'LICENSE', *(f'files/{name}' for name in files): shutil.copy(package/file, dest)
    css = dest/'fonts.css'
    css.write_text('\n'.join(_font_rule(name, *kind) for name,kind in files.items()) + '\n')
    for p in pages(site):
        link = f'<link rel="stylesheet" href="{os.path.relpath(css, p.parent)}">'
        p.write_text(p.read_text().replace('</head>', f'{link}</head>', 1))

def katex(site):
    "Take what draws formulas from the site itself, so that they show without a connection"
    from smalldocs.layout import KATEX # the address that the pages name
    dest = site/'site_libs'/'katex'
    with tempfile.TemporaryDirectory() as folder:
        package = _from_npm(f'katex@{KATEX_VERSION}', folder, 'formulas need a connection to show')
        if package is None: return
        shutil.copytree(package/'dist', dest, ignore=shutil.ignore_patterns(*(f'*{end}' for end in _LEFT_OUT)))
    css = dest/'katex.min.css' # only the modern font format is kept
    css.write_text(re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("[^"]*"\)', '', css.read_text()))
    for p in pages(site):
        text = p.read_text()
        if KATEX in text: p.write_text(text.replace(KATEX, os.path.relpath(dest, p.parent)))
