"All checks: configuration, lint, export and clean leave no difference, notebooks run, pytest"
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
    print(f'--- {title}', flush=True)
    start = time.perf_counter()
    if subprocess.run([str(BIN/command[0]), *command[1:]], env=os.environ | dict(PYTHONFAULTHANDLER='1') | env).returncode: sys.exit(f'check: {title} failed')
    print(f'    {time.perf_counter() - start:.0f} s', flush=True)

def diff():
    "What differs from the last commit: changes, and files git does not know"
    return subprocess.run(['git', 'diff'], capture_output=True).stdout + subprocess.run(['git', 'ls-files', '-o', '--exclude-standard'], capture_output=True).stdout

def without_pictures():
    "Cells that draw, but have no stored picture: the site is built from what is stored"
    for path in sorted(Path('nbs').rglob('*.ipynb')):
        for cell in json.loads(path.read_text())['cells']:
            source = ''.join(cell['source'])
            if cell['cell_type'] == 'code' and re.search(r'plt\.(subplots|figure)\(', source) and not re.match(r'#\|\s*(export|hide|eval: false)', source) and not re.search(r'^\s*(import|from) ', source) and not any('image/png' in o.get('data', {}) for o in cell['outputs']): yield f"{path} {cell['id']}"

def main(slow):
    before = diff()
    step('pyproject.toml from settings.ini', 'python', 'tools/sync_config.py')
    step('export', 'nbdev-export')
    step('clean', 'nbdev-clean')
    if diff() != before: sys.exit('check: configuration, export or clean changed files; run `make config`, `nbdev-export`, `nbdev-clean` and commit:\n'
                                  + subprocess.run(['git', 'status', '--short'], capture_output=True, text=True).stdout)
    if bare := list(without_pictures()): sys.exit('check: cells without their stored pictures; run `make notebooks` and commit: ' + ', '.join(bare))
    step('README.md from index.ipynb', 'python', 'tools/readme.py', '--check')
    step('lint', 'ruff', 'check', '.')
    step('notebooks', 'nbdev-test', *(['--flags', 'slow'] if slow else []), '--n-workers', '2', OMP_NUM_THREADS='1') # with more threads, two workers wait for each other's
    step('pytest', 'python', '-m', 'pytest', '-n', '2', '--dist', 'loadfile', OMP_NUM_THREADS='1')
    print('all checks passed')

if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--slow', action='store_true', help='run the slow notebook cells too')
    main(p.parse_args().slow)
