"""Write README.md from the stored cells and outputs of nbs/index.ipynb; with --check, fail if it is out of date.

Cells with `#| hide` are left out; of those with `#| echo: false` only the output is shown.
"""
import json
import re
import sys
from pathlib import Path

HEADER = '<!-- Made from nbs/index.ipynb by tools/readme.py -->\n'
LINK = re.compile(r'\]\((?!https?:|#)([\w/.-]+\.(?:ipynb|md))') # to another page
PICTURE = re.compile(r"Image\('\.\./([\w/.-]+)'(?:.*?alt='([^']*)')?", re.S)
CAPTION = re.compile(r'^#\| *fig-cap: *"(.*)"$', re.M)


def has(directive, source): return re.search(rf'^#\| *{directive}', source, re.M)

def relink(markdown):
    "Links as seen from the top folder"
    return LINK.sub(r'](nbs/\1', markdown)

def output_blocks(cell):
    "Outputs of a cell: Markdown as it is, other text in a fence"
    for output in cell['outputs']:
        data = output.get('data', {})
        if 'text/markdown' in data:
            yield relink(''.join(data['text/markdown']).strip('\n'))
            continue
        text = ''.join(output.get('text') or data.get('text/plain') or [])
        if text: yield f'```text\n{text.rstrip()}\n```'

def cell_blocks(cell):
    "What the README shows of a cell"
    source = ''.join(cell['source']).strip('\n')
    if cell['cell_type'] == 'markdown': yield relink(source)
    if cell['cell_type'] != 'code' or has('hide', source): return
    if not has('echo: *false', source): yield f'```python\n{source}\n```'
    picture = PICTURE.search(source)
    if not picture:
        yield from output_blocks(cell)
        return
    yield f"![{picture[2] or ''}]({picture[1]})"
    caption = CAPTION.search(source)
    if caption: yield f'*{caption[1]}*'

def render(notebook):
    "Markdown of a notebook"
    return HEADER + '\n\n'.join(block for cell in notebook['cells'] for block in cell_blocks(cell)) + '\n'

def main(check):
    text,readme = render(json.loads(Path('nbs/index.ipynb').read_text())),Path('README.md')
    if not check: readme.write_text(text)
    elif not readme.exists() or readme.read_text() != text:
        sys.exit('README.md is not what nbs/index.ipynb gives: '
                 'run `make notebooks`, or tools/readme.py, and commit it.')

if __name__ == '__main__': main('--check' in sys.argv)
