"""Build the site in `_docs` from the stored outputs of the notebooks.

With Quarto where it is installed, else with smalldocs, which reads the same settings (nbs/_quarto.yml, nbs/sidebar.yml).
KaTeX is put into the site, so that formulas show offline; without npm the pages take it from its public address.
"""
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from nbdev.config import get_config
from nbdev.quarto import nbdev_docs, refresh_quarto_yml
from nbdev.serve import proc_nbs

KATEX_VERSION = '0.16.11'
_NUMBER = re.compile(r'(?<![\w.-])\d+[a-zA-Z0-9]*_(?=[\w.-]+\.(?:ipynb|html)\b)') # nbdev drops it from a page's name
_LEFT_OUT = ('.ttf', '.woff', '.mjs', 'katex.js', 'katex.css')


def stage(cfg):
    "Processed notebooks with the names that nbdev's links use, in a folder of their own"
    src = cfg.config_path/'_proc'/'_site_src'
    shutil.rmtree(src, ignore_errors=True)
    shutil.copytree(proc_nbs(cfg.nbs_path), src, ignore=lambda d, names: [n for n in names if n in ('_docs', '_site_src')])
    for p in [*src.rglob('*.ipynb'), src/'sidebar.yml', src/'_quarto.yml']:
        p.write_text(_NUMBER.sub('', p.read_text()))
        if p.suffix == '.ipynb': p.rename(p.with_name(_NUMBER.sub('', p.name)))
    return src

def add_katex(site):
    "Put KaTeX into the site and let the pages use it"
    from smalldocs.layout import KATEX # the address that the pages name
    npm = shutil.which('npm')
    if not npm: return print('build_docs: npm is not installed, so formulas need a connection to show')
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([npm, 'pack', '--silent', f'katex@{KATEX_VERSION}'], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder).glob('*.tgz'))) as t: t.extractall(folder, filter='data')
        dest = site/'site_libs'/'katex'
        shutil.copytree(Path(folder)/'package'/'dist', dest, ignore=lambda d, names: [n for n in names if n.endswith(_LEFT_OUT)])
    css = dest/'katex.min.css' # only the modern font format is kept
    css.write_text(re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("[^"]*"\)', '', css.read_text()))
    for p in site.rglob('*.html'):
        text = p.read_text()
        if KATEX in text: p.write_text(text.replace(KATEX, os.path.relpath(dest, p.parent)))

def main():
    if shutil.which('quarto'): return nbdev_docs.__wrapped__()
    cfg = get_config()
    refresh_quarto_yml()
    src = stage(cfg)
    subprocess.run([str(Path(sys.executable).parent/'smalldocs'), 'render', str(src)], check=True)
    shutil.rmtree(cfg.doc_path, ignore_errors=True)
    shutil.move(src/cfg.doc_path.name, cfg.doc_path)
    hosted = f"{cfg.doc_host}{cfg.doc_baseurl.rstrip('/')}/"
    for p in cfg.doc_path.rglob('*.html'): # nbdev links symbols with the hosted address
        p.write_text(p.read_text().replace(f'href="{hosted}', f'href="{os.path.relpath(cfg.doc_path, p.parent)}/'))
    add_katex(cfg.doc_path)
    print(f'built {cfg.doc_path}')

if __name__ == '__main__': main()
