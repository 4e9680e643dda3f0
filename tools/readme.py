"Write README.md from the stored cells and outputs of nbs/index.ipynb; with --check, fail if it is out of date"
import json
import re
import sys
from pathlib import Path


def render(nb):
    "Markdown of a notebook, with links as seen from the top folder"
    out = []
    for cell in nb['cells']:
        source = ''.join(cell['source']).strip('\n')
        if cell['cell_type'] == 'markdown': out.append(re.sub(r'\]\((?!https?:|#)([\w/.-]+\.ipynb)', r'](nbs/\1', source))
        if cell['cell_type'] != 'code' or re.search(r'^#\| *hide', source, re.M): continue
        if not re.search(r'^#\| *echo: *false', source, re.M): out.append(f'```python\n{source}\n```')
        image = re.search(r"Image\('\.\./([\w/.-]+)'", source)
        alt = re.search(r"alt='([^']*)'", source)
        if image: out.append(f"![{alt[1] if alt else ''}]({image[1]})")
        for o in cell['outputs'] if not image else []:
            text = ''.join(o.get('text') or o.get('data', {}).get('text/plain') or [])
            if text: out.append(f'```text\n{text.rstrip()}\n```')
    return '<!-- Made from nbs/index.ipynb by tools/readme.py -->\n' + '\n\n'.join(out) + '\n'

def main(check):
    text,p = render(json.loads(Path('nbs/index.ipynb').read_text())),Path('README.md')
    if check and (not p.exists() or p.read_text() != text): sys.exit('README.md is not what nbs/index.ipynb gives: run `make notebooks`, or tools/readme.py, and commit it.')
    if not check: p.write_text(text)

if __name__ == '__main__': main('--check' in sys.argv)
