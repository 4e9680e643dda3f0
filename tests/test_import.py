"The package itself: its main names come lazily, and its help says what is where"
import pydoc
import subprocess
import sys

import pytest

import kernel_aimc


def test_every_main_name_is_the_one_of_its_module():
    for name,module in kernel_aimc._HOME.items():
        value = getattr(kernel_aimc, name)
        assert value is getattr(sys.modules[f'kernel_aimc.{module}'], name)
        assert name in dir(kernel_aimc) and name in kernel_aimc.__doc__
    with pytest.raises(AttributeError, match="no attribute 'HERMESS'"): kernel_aimc.__getattr__('HERMESS')

def test_importing_the_package_loads_nothing_heavy():
    heavy = 'torch', 'numpy', 'sklearn', 'matplotlib'
    code = f'import sys, kernel_aimc; print(*[m for m in {heavy} if m in sys.modules])'
    assert subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout.strip() == ''

def test_help_lists_the_main_names():
    text = pydoc.render_doc(kernel_aimc)
    assert 'AnalogRidgeClassifier' in text and 'convert_to_analog' in text

@pytest.mark.parametrize('name', [n for n in kernel_aimc.__all__ if n[0].isupper() and not n.isupper()])
def test_help_of_a_public_class_shows_our_text(name):
    obj = getattr(kernel_aimc, name)
    if not isinstance(obj, type): return
    generated = f'{name}(' # how the docstring begins that a dataclass gets
    assert obj.__doc__ and not obj.__doc__.startswith(generated), f'{name} has no docstring of its own'
