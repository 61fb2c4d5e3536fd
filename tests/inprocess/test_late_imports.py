"""Imports of a version's code after its block: each form, from wherever the code is called."""

import asyncio
import importlib
import queue
import signal
import sys
import textwrap
import threading
import time
import types
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from own_process import in_own_process
from package_trees import PackageTrees

import envknit

VERSIONS = ("1.0", "2.0")

#: Each imports a module of its own that nobody has imported before, and returns it.
FORMS = {
    "import": "import pkg.f_import as m\nreturn m",
    "import, by the package's name": "import pkg.f_dotted\nreturn pkg.f_dotted",
    "from the package": "from pkg import f_from\nreturn f_from",
    "a name of a module": "from pkg.f_name import myself\nreturn myself()",
    "star": """
        space = {}
        exec("from pkg.f_star import *", globals(), space)
        return space["myself"]()
    """,
    "relative": "from . import f_relative\nreturn f_relative",
    "relative, a name of a module": "from .f_relname import myself\nreturn myself()",
    "relative, from below": "from .low import up\nreturn up()",
    "__import__": "return __import__('pkg.f_dunder', fromlist=['x'])",
    "__import__, an empty list": (
        "return __import__('pkg.f_empty', globals(), locals(), []).f_empty"
    ),
    "__import__, relative": "return __import__('f_dunrel', globals(), locals(), ['x'], 1)",
    "import_module": "import importlib\nreturn importlib.import_module('pkg.f_module')",
    "import_module, relative": (
        "import importlib\nreturn importlib.import_module('.f_modrel', __package__)"
    ),
    "importlib.__import__": "import importlib\nreturn importlib.__import__('pkg.f_lib').f_lib",
    "exec with its globals": "exec('from . import f_exec', globals())\nreturn f_exec",
    "exec without globals": "space = {}\nexec('import pkg.f_bare as m', space)\nreturn space['m']",
    "eval": "return eval(\"__import__('pkg.f_eval')\", {}).f_eval",
    "a function of other code": """
        import types
        code = compile("from pkg import f_code as m", "elsewhere", "exec")
        space = globals().copy()
        types.FunctionType(code, space)()
        return space["m"]
    """,
    "resolve_name": "import pkgutil\nreturn pkgutil.resolve_name('pkg.f_resolve')",
    "a dependency": "import dep\nreturn dep",
    "of a dependency": "from dep.f_sub import myself\nreturn myself()",
    "a dependency in another path": "import other\nreturn other",
}
LEAF = "import sys\n\ndef myself():\n    import {name} as m\n    return m\n"


def name_in(form):
    text = FORMS[form]
    start = text.find("f_")
    return text[start:].split()[0].strip("'\"(),.;").partition(".")[0].partition("'")[0]


def write(trees, body):
    """pkg with late(), its dependency beside it, and another package in the environment."""
    indented = "\n".join("    " + line for line in body.strip("\n").splitlines())
    names = [name_in(form) for form in FORMS if "f_" in FORMS[form] and "dep" not in FORMS[form]]
    files = {f"pkg/{name}.py": LEAF.format(name=f"pkg.{name}") for name in names}
    files["pkg/low.py"] = "def up():\n    from . import f_below\n    return f_below\n"
    files["pkg/f_below.py"] = ""
    files["pkg/__init__.py"] = f"def late():\n{indented}\n"
    for version in VERSIONS:
        path = trees.add("pkg", version, files, env=f"env{version}")
        dep = {"dep/__init__.py": "", "dep/f_sub.py": LEAF.format(name="dep.f_sub")}
        trees.install("dep", version, dep, into=path)
        trees.add("other", version, env=f"env{version}")
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    return trees


def both(trees):
    modules = []
    for version in VERSIONS:
        with envknit.use("pkg", version):
            import pkg
        modules.append(pkg)
    return modules


def check(trees, version, module):
    below = {str(trees.path_of(name, version)) for name in ("pkg", "other")}
    assert any(module.__file__.startswith(path) for path in below), module.__file__
    assert module.__name__ not in sys.modules


@pytest.mark.parametrize("form", FORMS)
@in_own_process
def test_after_the_block(tmp_path, form):
    trees = write(PackageTrees(tmp_path), textwrap.dedent(FORMS[form]))
    modules = both(trees)
    for version, module in zip(VERSIONS, modules, strict=True):
        check(trees, version, module.late())
    for version, module in zip(VERSIONS, modules, strict=True):
        assert module.late() is module.late()
        check(trees, version, module.late())


@pytest.mark.parametrize("form", FORMS)
@in_own_process
def test_in_the_block_of_the_other_version(tmp_path, form):
    trees = write(PackageTrees(tmp_path), textwrap.dedent(FORMS[form]))
    one, two = both(trees)
    with envknit.use("pkg", "2.0"):
        check(trees, "1.0", one.late())
    with envknit.use("pkg", "1.0"):
        check(trees, "2.0", two.late())


def in_a_thread(function):
    answers = queue.Queue()
    threading.Thread(target=lambda: answers.put(function())).start()
    return answers.get(timeout=20)


def in_a_pool(function):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result(20)


def in_to_thread(function):
    return asyncio.run(asyncio.to_thread(function))


def in_a_task(function):
    async def call():
        return function()

    async def main():
        return await asyncio.create_task(call())

    return asyncio.run(main())


def in_a_loop_callback(function):
    async def main():
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        loop.call_soon(lambda: answer.set_result(function()))
        return await answer

    return asyncio.run(main())


def in_a_signal_handler(function):
    answers = []
    before = signal.signal(signal.SIGALRM, lambda *_: answers.append(function()))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    while not answers:
        time.sleep(0.001)
    signal.signal(signal.SIGALRM, before)
    return answers[0]


def in_a_finalizer(function):
    answers = []

    class Thing:
        pass

    thing = Thing()
    weakref.finalize(thing, lambda: answers.append(function()))
    del thing
    return answers[0]


def in_del(function):
    answers = []

    class Thing:
        def __del__(self):
            answers.append(function())

    Thing()
    return answers[0]


def in_sort(function):
    answers = []
    sorted([2, 1], key=lambda value: answers.append(function()) or value)
    return answers[0]


def in_a_module_getattr(function):
    module = types.ModuleType("lazy_host")
    module.__getattr__ = lambda name: function()
    return module.anything


CALLERS = [
    in_a_thread,
    in_a_pool,
    in_to_thread,
    in_a_task,
    in_a_loop_callback,
    in_a_signal_handler,
    in_a_finalizer,
    in_del,
    in_sort,
    in_a_module_getattr,
]


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.__name__)
@pytest.mark.parametrize("form", ["import", "relative", "import_module", "exec without globals"])
@in_own_process
def test_called_by_the_host(tmp_path, caller, form):
    trees = write(PackageTrees(tmp_path), textwrap.dedent(FORMS[form]))
    for version, module in zip(VERSIONS, both(trees), strict=True):
        check(trees, version, caller(module.late))


@in_own_process
def test_methods_and_subclasses_of_the_host(tmp_path):
    trees = PackageTrees(tmp_path)
    files = {
        "pkg/__init__.py": """
            class Base:
                def method(self):
                    from . import late
                    return late

                @property
                def value(self):
                    import pkg.late as m
                    return m

                @classmethod
                def made(cls):
                    from pkg.late import VERSION
                    return cls(), VERSION
        """,
        "pkg/late.py": "VERSION = '@VERSION@'\n",
    }
    for version in VERSIONS:
        trees.add("pkg", version, files)
    envknit.configure_from_lock(trees.lock(), auto_install=False)
    for version, module in zip(VERSIONS, both(trees), strict=True):

        class OfHost(module.Base):
            def of_host(self):
                importlib.import_module("json")
                return super().method()

        made, said = OfHost.made()
        assert said == version
        assert made.of_host() is made.method() is made.value
        assert version == made.value.VERSION
