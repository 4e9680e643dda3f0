"""Check how notebooks and modules are written: sizes, captions, examples.

A function has at most 60 lines, a class 100, a line 120 characters (captions aside). Every stored picture has a caption. Every public name is used
in a cell that shows an output. Every notebook that exports ends with something to try, and none exports itself when it is run.
"""
import ast
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_LINES = {ast.FunctionDef: 60, ast.AsyncFunctionDef: 60, ast.ClassDef: 100}
MOST_CHARACTERS = 120
HEADER = 20 # lines of a module in which nbdev lists its names
NOT_SHOWN = 'renamed', # a helper for the package itself


def modules(): return [p for p in sorted((ROOT/'kernel_aimc').glob('*.py')) if p.name not in ('__init__.py', '_modidx.py')]

def notebooks(): return [(p, json.loads(p.read_text())['cells']) for p in sorted((ROOT/'nbs').rglob('*.ipynb'))]

def source(cell): return ''.join(cell['source'])

def sizes():
    "(lines, kind, name) of all functions and classes, and (characters, 'line', place) of all lines"
    for p in [*modules(), *sorted((ROOT/'tools').glob('*.py'))]:
        text = p.read_text()
        for node in ast.walk(ast.parse(text)):
            if type(node) in MOST_LINES: yield node.end_lineno - node.lineno + 1,type(node),f'{p.name} {node.name}'
        for n,line in enumerate(text.splitlines(), 1):
            if n > HEADER or p.parent.name == 'tools': yield len(line),str,f'{p.name}:{n}'
    for p,cells in notebooks():
        for c in cells:
            if c['cell_type'] == 'code':
                for line in source(c).splitlines():
                    if 'fig-cap:' not in line: yield len(line),str,f'{p.name} {c["id"]}'

def too_large():
    for n,kind,where in sizes():
        most = MOST_LINES.get(kind, MOST_CHARACTERS)
        if n > most: yield f'{where}: {n} {"characters" if kind is str else "lines"}, at most {most}'

def without_captions():
    for p,cells in notebooks():
        for c in cells:
            drawn = any('image/png' in o.get('data', {}) for o in c.get('outputs', ()))
            if drawn and 'fig-cap:' not in source(c): yield f'{p.name} {c["id"]}: a picture without fig-cap'

def without_examples():
    "Functions and classes of a notebook that no cell with an output uses"
    for p,cells in notebooks():
        exported = [c for c in cells if re.match(r'#\| *export\s*$', source(c).partition('\n')[0])]
        module = next((m[1] for c in cells if (m := re.match(r'#\| *default_exp (\w+)', source(c)))), '')
        if module in NOT_SHOWN: continue
        shown = '\n'.join(source(c) for c in cells if c.get('outputs'))
        for c in exported:
            for node in ast.parse(source(c)).body:
                if not isinstance(node, ast.FunctionDef|ast.ClassDef) or node.name.startswith('_'): continue
                if not re.search(rf'\b{node.name}\b', shown): yield f'{p.name}: no example with an output uses {node.name}'

def unfinished():
    for p,cells in notebooks():
        if any('nbdev_export()' in source(c) for c in cells if c['cell_type'] == 'code'): yield f'{p.name}: exports when it is run'
        exports = any(re.match(r'#\| *default_exp', source(c)) for c in cells)
        if exports and not any(re.search(r'^## Try it', source(c), re.M) for c in cells): yield f'{p.name}: has no section "Try it"'
        for c in cells:
            if any(o['output_type'] == 'error' for o in c.get('outputs', ())): yield f'{p.name} {c["id"]}: a stored error'

CHECKS = dict(sizes=too_large, captions=without_captions, examples=without_examples, ends=unfinished)

def main(*names):
    found = {name: list(CHECKS[name]()) for name in names or CHECKS}
    for name,lines in found.items():
        print(f'{name}: {len(lines)} to mend')
        for line in lines: print('   ', line)
    if any(found.values()): sys.exit('check_notebooks: see above')

if __name__ == '__main__': main(*sys.argv[1:])
