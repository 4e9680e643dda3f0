"""Run notebooks from top to bottom as JupyterLab's "Run All" does, and fail if a notebook fails or a file changes.

python tools/run_notebooks.py: all notebooks, in a new environment with nothing but `pip install ".[notebooks]"`;
python tools/run_notebooks.py nbs/tour.ipynb --here: this notebook, in the environment of this Python.
Cells marked `#| slow` take minutes to hours and are left out unless --slow is given.
"""
import argparse
import re
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN = """
import sys
import nbformat
from nbclient import NotebookClient

def is_slow(cell): return cell.cell_type == 'code' and any(l.startswith('#| slow') for l in cell.source.splitlines())

path,slow = sys.argv[1],sys.argv[2] == 'slow'
nb = nbformat.read(path, 4)
nb.cells = [c for c in nb.cells if slow or not is_slow(c)]
NotebookClient(nb, timeout=None, kernel_name='python3').execute()
"""


def plain_environment(folder):
    "Python of a new environment with the package as it was released and the extra `notebooks`"
    venv.create(folder, with_pip=True)
    python = folder/'bin'/'python'
    pip = [str(python), '-m', 'pip', 'install', '-q', '--disable-pip-version-check']
    subprocess.run([*pip, '-c', str(ROOT/'constraints.txt'), f'{ROOT}[notebooks]'], check=True)
    return python

def changes():
    "Files that differ from the last commit"
    return subprocess.run(['git', 'status', '--porcelain'], cwd=ROOT, capture_output=True, text=True).stdout

def run(notebook, python, slow):
    "Run one notebook in its folder; returns the end of the error message, or an empty string"
    command = [str(python), '-c', RUN, notebook.name, 'slow' if slow else 'quick']
    done = subprocess.run(command, cwd=notebook.parent, capture_output=True, text=True)
    return re.sub(r'\x1b\[[0-9;]*m', '', done.stderr[-2000:]) if done.returncode else ''

def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('notebooks', nargs='*', type=Path, help='all if none is given')
    p.add_argument('--here', action='store_true', help='in the environment of this Python, not in a new one')
    p.add_argument('--slow', action='store_true', help='cells marked slow, too')
    return p.parse_args()

def main():
    args = arguments()
    notebooks = [n.resolve() for n in args.notebooks] or sorted((ROOT/'nbs').rglob('*.ipynb'))
    notebooks = [n for n in notebooks if '.ipynb_checkpoints' not in n.parts]
    before = changes()
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        python = Path(sys.executable) if args.here else plain_environment(Path(folder)/'env')
        for n in notebooks:
            start = time.perf_counter()
            error = run(n, python, args.slow)
            seconds = time.perf_counter() - start
            print(f'{n.relative_to(ROOT)}: {"failed" if error else "ran"} in {seconds:.0f} s', flush=True)
            if error:
                print(error, flush=True)
                failed.append(n.name)
    if changes() != before: sys.exit('run_notebooks: files changed: ' + changes())
    if failed: sys.exit(f'run_notebooks: {", ".join(failed)} failed')

if __name__ == '__main__': main()
