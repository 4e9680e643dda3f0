"""Check how notebooks and modules are written: sizes, captions, examples, ends.

sizes: a function has at most 60 lines, a class 100, and a line 120 characters, captions aside.
captions: every stored picture has a caption.
examples: every public function and class of a notebook is used in one of its cells that shows an output.
ends: a notebook that exports has a section "Try it", does not export itself when it is run, and stores no error.
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


def modules(root):
    "Files of the package that have content of their own"
    return [p for p in sorted((root/'kernel_aimc').glob('*.py')) if p.name not in ('__init__.py', '_modidx.py')]

def tools(root): return sorted((root/'tools').glob('*.py'))

def notebooks(root):
    "Path and cells of each notebook"
    return [(p, json.loads(p.read_text())['cells']) for p in sorted((root/'nbs').rglob('*.ipynb'))]

def source(cell): return ''.join(cell['source'])

def outputs(cell): return cell.get('outputs', ())

# ------------------------------------------------------------------ sizes

def definitions(root):
    "(lines, kind, place) of each function and class"
    for p in [*modules(root), *tools(root)]:
        for node in ast.walk(ast.parse(p.read_text())):
            if type(node) in MOST_LINES: yield node.end_lineno - node.lineno + 1,type(node),f'{p.name} {node.name}'

def lines(root):
    "(characters, place) of each line of code, in modules, tools and notebooks"
    for p in [*modules(root), *tools(root)]:
        header = 0 if p.parent.name == 'tools' else HEADER
        for n,line in enumerate(p.read_text().splitlines(), 1):
            if n > header: yield len(line),f'{p.name}:{n}'
    for p,cells in notebooks(root):
        for c in cells:
            if c['cell_type'] != 'code': continue
            for line in source(c).splitlines():
                if 'fig-cap:' not in line: yield len(line),f'{p.name} {c["id"]}'

def too_large(root=ROOT):
    "Functions, classes and lines above their limits"
    for n,kind,where in definitions(root):
        if n > MOST_LINES[kind]: yield f'{where}: {n} lines, at most {MOST_LINES[kind]}'
    for n,where in lines(root):
        if n > MOST_CHARACTERS: yield f'{where}: {n} characters, at most {MOST_CHARACTERS}'

# ------------------------------------------------------------------ what readers see

def without_captions(root=ROOT):
    "Cells with a stored picture and no caption"
    for p,cells in notebooks(root):
        for c in cells:
            drawn = any('image/png' in o.get('data', {}) for o in outputs(c))
            if drawn and 'fig-cap:' not in source(c): yield f'{p.name} {c["id"]}: a picture without fig-cap'

def public_names(cell):
    "Functions and classes that an exported cell defines, without those that begin with an underscore"
    if not re.match(r'#\| *export *(\n|$)', source(cell)): return []
    definitions = [n for n in ast.parse(source(cell)).body if isinstance(n, ast.FunctionDef|ast.ClassDef)]
    return [n.name for n in definitions if not n.name.startswith('_')]

def module_of(cells):
    "The module that a notebook exports to, or an empty string"
    found = (re.match(r'#\| *default_exp (\w+)', source(c)) for c in cells)
    return next((m[1] for m in found if m), '')

def without_examples(root=ROOT):
    "Functions and classes of a notebook that none of its cells with an output uses"
    for p,cells in notebooks(root):
        if module_of(cells) in NOT_SHOWN: continue
        shown = '\n'.join(source(c) for c in cells if outputs(c))
        for name in (name for c in cells for name in public_names(c)):
            if not re.search(rf'\b{name}\b', shown): yield f'{p.name}: no example with an output uses {name}'

def unfinished(root=ROOT):
    "Notebooks that export when they are run, lack something to try, or store an error"
    for p,cells in notebooks(root):
        code = [source(c) for c in cells if c['cell_type'] == 'code']
        if any('nbdev_export()' in s for s in code): yield f'{p.name}: exports when it is run'
        to_try = any(re.search(r'^## Try it', source(c), re.M) for c in cells)
        if module_of(cells) and not to_try: yield f'{p.name}: has no section "Try it"'
        for c in cells:
            if any(o['output_type'] == 'error' for o in outputs(c)): yield f'{p.name} {c["id"]}: a stored error'

CHECKS = dict(sizes=too_large, captions=without_captions, examples=without_examples, ends=unfinished)

def main(*names, root=ROOT):
    if unknown := set(names) - set(CHECKS):
        sys.exit(f'check_notebooks: names must be of {", ".join(CHECKS)}, got {", ".join(sorted(unknown))}')
    found = {name: list(CHECKS[name](root)) for name in names or CHECKS}
    for name,faults in found.items():
        print(f'{name}: {len(faults)} to mend')
        for fault in faults: print('   ', fault)
    if any(found.values()): sys.exit('check_notebooks: see above')

if __name__ == '__main__': main(*sys.argv[1:])
