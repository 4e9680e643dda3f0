"""Print the part of CHANGELOG.md that belongs to a version: the notes of its release.

python tools/release_notes.py v0.1.0 fails if the changelog has no such part, or settings.ini another version.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def notes(changelog, version):
    "Text below the heading of a version, up to the next one"
    found = re.search(rf'^## {re.escape(version)}(?![.-]?\w).*?\n(.*?)(?=^## |\Z)', changelog, re.M | re.S)
    if not found or not found[1].strip():
        raise SystemExit(f'release_notes: CHANGELOG.md has no entry for {version}; write one below "## {version}"')
    return found[1].strip()

def main(tag, root=ROOT):
    version = tag.removeprefix('v')
    own = re.search(r'^version = (\S+)', (root/'settings.ini').read_text(), re.M)[1]
    if version != own:
        raise SystemExit(f'release_notes: tag {tag} names version {version}, but settings.ini has {own}; '
                         'change one of them')
    print(notes((root/'CHANGELOG.md').read_text(), version))

if __name__ == '__main__': main(*sys.argv[1:])
