"Run all checks: files made from others are up to date, lint, sizes and captions, notebooks run, pytest"
import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent


def step(title, *command, **env):
    "Run a command of this environment and print how long it took; end all checks if it fails"
    print(f'--- {title}', flush=True)
    start = time.perf_counter()
    env = os.environ | dict(PYTHONFAULTHANDLER='1') | env
    if subprocess.run([str(BIN/command[0]), *command[1:]], env=env).returncode: sys.exit(f'check: {title} failed')
    print(f'    {time.perf_counter() - start:.0f} s', flush=True)

def git(*command): return subprocess.run(['git', *command], capture_output=True, text=True).stdout

def diff():
    "What differs from the last commit: changes, and files that git does not know"
    return git('diff') + git('ls-files', '-o', '--exclude-standard')

def draws(cell):
    "Whether a cell makes a figure that the site shows: not if it is exported, hidden, or begins with an import"
    source = ''.join(cell['source'])
    left_out = re.match(r'#\|\s*(export|hide|eval: false)|\s*(import|from) ', source)
    return cell['cell_type'] == 'code' and re.search(r'plt\.(subplots|figure)\(', source) and not left_out

def without_pictures(root=Path()):
    "Cells that draw but have no stored picture: the site is built from what is stored"
    for path in sorted((root/'nbs').rglob('*.ipynb')):
        for cell in json.loads(path.read_text())['cells']:
            stored = any('image/png' in output.get('data', {}) for output in cell.get('outputs', ()))
            if draws(cell) and not stored: yield f"{path} {cell['id']}"

def generated_files():
    "Make again what is generated from other files: nothing may change"
    before = diff()
    step('pyproject.toml from settings.ini', 'python', 'tools/sync_config.py')
    step('export', 'nbdev-export')
    step('clean', 'nbdev-clean')
    if diff() != before:
        sys.exit('check: configuration, export or clean changed files; run `make config`, `nbdev-export` and '
                 '`nbdev-clean`, and commit:\n' + git('status', '--short'))
    step('README.md from index.ipynb', 'python', 'tools/readme.py', '--check')

def main(slow):
    generated_files()
    if bare := list(without_pictures()):
        sys.exit('check: cells without their stored pictures; run `make notebooks` and commit: ' + ', '.join(bare))
    step('lint', 'ruff', 'check', '.')
    step('sizes, captions and examples', 'python', 'tools/check_notebooks.py', 'sizes', 'captions', 'examples', 'ends')
    flags = ['--flags', 'slow'] if slow else []
    one_thread = dict(OMP_NUM_THREADS='1') # with more threads, two workers would wait for each other
    step('notebooks', 'nbdev-test', *flags, '--n-workers', '2', **one_thread)
    step('pytest', 'python', '-m', 'pytest', '-n', '2', '--dist', 'loadfile', **one_thread)
    print('all checks passed')

if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--slow', action='store_true', help='run the slow notebook cells too')
    main(p.parse_args().slow)
