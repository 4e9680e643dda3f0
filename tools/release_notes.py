"Print the part of CHANGELOG.md that belongs to a version, as the notes of its release; fails if there is none or the package has another version"
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def notes(changelog, version):
    "Text below the heading of a version, up to the next one"
    found = re.search(rf'^## {re.escape(version)}\b.*?\n(.*?)(?=^## |\Z)', changelog, re.M | re.S)
    if not found or not found[1].strip(): raise SystemExit(f'release_notes: CHANGELOG.md has no entry for {version}')
    return found[1].strip()

def main(tag):
    version = tag.removeprefix('v')
    own = re.search(r'^version = (\S+)', (ROOT/'settings.ini').read_text(), re.M)[1]
    if version != own: raise SystemExit(f'release_notes: the tag says {version}, settings.ini {own}')
    print(notes((ROOT/'CHANGELOG.md').read_text(), version))

if __name__ == '__main__': main(*sys.argv[1:])
