"""Build the site in `_docs` from the stored outputs of the notebooks.

Quarto renders them where it is installed, else smalldocs, which reads the same settings (nbs/_quarto.yml and
nbs/sidebar.yml). A warning of smalldocs fails the build. `site_parts.py` has what is done to the pages afterwards.
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

import site_parts as parts
from nbdev.config import get_config
from nbdev.quarto import refresh_quarto_yml
from nbdev.serve import proc_nbs

# nbdev drops the number of a notebook from the name of its page
_NUMBER = re.compile(r'(?<![\w.-])\d+[a-zA-Z0-9]*_(?=[\w.-]+\.(?:ipynb|html)\b)')
_PAGES = '.ipynb', '.md', '.yml'


def stage(cfg, quarto):
    """Copy the processed notebooks to a folder of their own, under the names that nbdev's links use.

    Returns that folder, and for each page in it the file that it comes from.
    """
    src = cfg.config_path/'_proc'/'_site_src'
    shutil.rmtree(src, ignore_errors=True)
    shutil.copytree(proc_nbs(cfg.nbs_path, force=True), src, ignore=shutil.ignore_patterns('_docs', '_site_src'))
    numbered = {}
    for p in [p for p in src.rglob('*') if p.suffix in _PAGES]:
        text = _NUMBER.sub('', p.read_text()).replace('VERSION', cfg.version)
        if not quarto: text = without_quarto_only(text)
        p.write_text(text)
        if p.suffix == '.ipynb':
            page = p.rename(p.with_name(_NUMBER.sub('', p.name)))
            numbered[page.relative_to(src).as_posix()] = p.relative_to(src).as_posix()
    return src,numbered

def without_quarto_only(text):
    "Take out the settings that only Quarto reads and that smalldocs would warn of"
    text = re.sub(r'^ *"output-file: .*\n', '', text, flags=re.M)
    text = re.sub(r'^format-links:\n(?:  .*\n?)*', '', text, flags=re.M)
    return re.sub(r'^  commonmark: default\n', '', text, flags=re.M)

def render(src, quarto):
    "Render the staged pages with Quarto or smalldocs; returns the folder of the site"
    command = ['quarto', 'render'] if quarto else [str(Path(sys.executable).parent/'smalldocs'), 'render', '.']
    done = subprocess.run(command, cwd=src, capture_output=True, text=True)
    print(done.stdout, done.stderr, sep='', end='', file=sys.stderr)
    if done.returncode: sys.exit(f'build_docs: {command[0]} failed')
    if warnings := re.findall(r'^warning: .*', done.stdout + done.stderr, re.M):
        sys.exit(f'build_docs: {len(warnings)} warnings, shown above; mend their cause')
    return src/'_docs'

def main():
    cfg = get_config()
    quarto = bool(shutil.which('quarto'))
    refresh_quarto_yml()
    src,numbered = stage(cfg, quarto)
    built = render(src, quarto)
    site = cfg.doc_path
    shutil.rmtree(site, ignore_errors=True)
    shutil.move(built, site)
    hosted = f"{cfg.doc_host}{cfg.doc_baseurl.rstrip('/')}/"
    parts.relative_links(site, hosted)
    parts.true_sources(site, numbered)
    parts.markdown_of_pages(site)
    parts.figures_to_files(site)
    parts.wrap_lines(site)
    parts.gallery(site)
    parts.contents_on_phones(site)
    parts.own_fonts(site)
    parts.katex(site)
    print(f'built {site}')

if __name__ == '__main__': main()
