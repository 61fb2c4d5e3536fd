"""help(), dir(), signatures, completion and notebooks, as people use them."""

import functools
import inspect
import pydoc
import rlcompleter

import pytest

import envknit
from envknit.isolation.worker import CallProxy, ModuleProxy


def help_text(thing):
    return pydoc.render_doc(thing, renderer=pydoc.plaintext)


def test_dir_of_an_object_has_methods_and_its_own_attributes(lib):
    names = dir(lib.Square(4))
    assert {"corners", "name", "scale", "area", "looks", "__getitem__", "_repr_html_"} <= set(names)
    lib.Shape.looks = 0
    dir(lib.Shape())
    assert lib.Shape.looks == 0


def test_dir_of_callables_classes_and_modules(lib):
    assert {"Corner", "scale", "__doc__"} <= set(dir(lib.Shape))
    assert "corners" not in dir(lib.Shape)
    assert "RED" in dir(lib.Color)
    assert "__signature__" not in dir(lib.echo)
    assert "Shape" in dir(lib.shown)


def test_a_dir_that_does_not_end_is_stopped(fresh_worker):
    with fresh_worker(timeout=0.5) as lib:
        endless = lib.shown.Endless()
        with pytest.raises(envknit.DeadlineError, match="did not respond within"):
            dir(endless)
        assert lib.echo(1) == [1]


def test_a_module_that_import_did_not_describe_is_listed(lib):
    # Reached as an attribute, and no submodule of the package.
    assert isinstance(lib.sys, ModuleProxy)
    assert "version_info" in dir(lib.sys)
    assert isinstance(lib.sys.intern, CallProxy)


def test_a_name_that_a_module_makes_when_asked(lib):
    assert lib.shown.lazy.corners == 9
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = lib.shown.nope


def test_a_module_that_is_another_object(fresh_worker):
    with fresh_worker(name="posing") as posing:
        assert dir(posing) == ["answer", "greet"]
        assert posing.greet("her") == "hello her"
        assert posing.answer == 42
        with pytest.raises(AttributeError, match="lives in its worker"):
            posing.answer = 1


def test_signatures(lib):
    assert str(inspect.signature(lib.echo)) == "(*args, **kwargs)"
    signature = inspect.signature(lib.Shape)
    assert (
        str(signature)
        == "(corners: int = 3, *, name='shape', key=<built-in function print>) -> None"
    )
    assert signature.parameters["corners"].default == 3
    assert signature.parameters["name"].kind is inspect.Parameter.KEYWORD_ONLY
    bound = inspect.signature(lib.Shape().scale)
    assert str(bound) == "(factor, /, origin=(0.0, 0.0))"
    assert bound.bind(2).args == (2,)
    assert str(inspect.signature(lib.Shape.scale)) == "(self, factor, /, origin=(0.0, 0.0))"
    assert str(inspect.signature(lib.chooser)) == "(value)"
    assert str(inspect.signature(lib.Shape.Corner)) == "()"


def test_a_callable_without_a_signature(lib):
    with pytest.raises(ValueError, match="no signature"):
        inspect.signature(lib.shown.mystery)


def test_metadata_of_callables(lib):
    assert lib.Shape.__name__ == lib.Shape.__qualname__ == "Shape"
    assert lib.Shape.__module__ == "worklib.shown"
    assert lib.Shape.scale.__qualname__ == "Shape.scale"
    assert inspect.getdoc(lib.Shape) == "A shape.\n\nIt has corners."
    assert lib.Shape().scale.__doc__ == "Makes it larger."
    assert lib.Shape().__doc__ == lib.Shape.__doc__
    assert lib.Shape().__module__ == "worklib.shown"
    assert lib.echo.__doc__ is None
    for name in ("__wrapped__", "__code__", "__defaults__", "__text_signature__", "__self__"):
        with pytest.raises(AttributeError):
            getattr(lib.echo, name)


def test_the_proxy_classes_keep_their_own_documentation():
    assert "one round trip" in CallProxy.__doc__
    assert CallProxy.__module__ == "envknit.isolation.call_proxy"
    assert "CallProxy" in help_text(CallProxy)
    assert "module in a worker" in ModuleProxy.__doc__


def test_wraps_takes_name_and_documentation(lib):
    @functools.wraps(lib.Shape)
    def make():
        pass

    assert make.__name__ == "Shape"
    assert make.__doc__ == lib.Shape.__doc__
    assert str(inspect.signature(make)).startswith("(corners: int = 3")


def test_help(lib):
    assert "Shape(corners: int = 3" in help_text(lib.Shape)
    assert "It has corners." in help_text(lib.Shape)
    assert "scale(factor, /, origin=(0.0, 0.0))\n    Makes it larger." in help_text(
        lib.Shape().scale
    )
    assert "echo(*args, **kwargs)" in help_text(lib.echo)
    assert "What help(), completion" in help_text(lib.shown)
    assert "It has corners." in help_text(lib.Shape())
    assert "Undocumented" in help_text(lib.Undocumented())
    assert inspect.isroutine(lib.echo)


def test_help_of_numpy(numpy1):
    text = help_text(numpy1.linalg.svd)
    assert "svd(a, full_matrices=True, compute_uv=True, hermitian=False)" in text
    assert "Singular Value Decomposition" in text
    assert "ndarray(shape, dtype=float, buffer=None" in help_text(numpy1.ndarray)
    assert "linear algebra" in help_text(numpy1.linalg)
    assert "An array object represents" in help_text(numpy1.arange(3))


def test_signatures_of_numpy(numpy1, numpy2):
    for np in (numpy1, numpy2):
        svd = "(a, full_matrices=True, compute_uv=True, hermitian=False)"
        assert str(inspect.signature(np.linalg.svd)) == svd
        assert str(inspect.signature(np.add)).startswith("(x1, x2, /, out=None, *, where=True")
        assert "axis=None" in str(inspect.signature(np.arange(3).sum))
        assert "keepdims=<no value>" in str(inspect.signature(np.sum))


def test_completion(lib, numpy1):
    names = {"lib": lib, "shape": lib.Shape(), "np": numpy1, "array": numpy1.arange(3)}
    complete = rlcompleter.Completer(names).attr_matches
    assert complete("np.linsp") == ["np.linspace("]
    assert "np.linalg.svd(" in complete("np.linalg.s")
    assert complete("shape.cor") == ["shape.corners"]
    assert complete("shape.sca") == ["shape.scale("]
    assert "lib.Shape.Corner(" in [text.rstrip(")") for text in complete("lib.Shape.C")]
    assert {"array.sum(", "array.shape"} <= set(complete("array.s"))


def test_notebooks(lib):
    square = lib.Square(4)
    assert square._repr_html_() == "<b>4</b>"
    assert square._repr_png_() == b"\x89PNG"
    assert square._repr_mimebundle_(include=["x"]) == {"text/plain": "square", "include": ["x"]}
    assert square._ipython_key_completions_() == ["corners"]
    for name in ("_repr_svg_", "_repr_pretty_", "_ipython_display_", "_repr_jpeg_"):
        assert not hasattr(square, name)
    for other in (lib.Shape(), lib.Square, lib.echo, lib):
        assert not hasattr(other, "_repr_html_")


def test_an_enum_class_is_iterated_and_indexed(lib):
    names = [color.name for color in lib.Color]
    assert names == ["RED", "BLUE"]
    assert [color.name for color in reversed(lib.Color)] == ["BLUE", "RED"]
    assert len(lib.Color) == 2
    assert lib.Color["RED"].value == 1
    assert lib.Color(2).name == "BLUE"
    assert lib.Color.RED in lib.Color
    assert isinstance(lib.Color.RED, lib.Color)
    assert lib.Color(1) == lib.Color.RED
    assert lib.Color
    assert lib.Shape.Kind["BLUE"].value == 2
    with pytest.raises(KeyError):
        _ = lib.Color["GREEN"]


def test_other_classes_have_no_items(lib):
    assert bool(lib.Shape) is True
    with pytest.raises(TypeError):
        len(lib.Shape)
    with pytest.raises(TypeError):
        iter(lib.Shape)
    with pytest.raises(TypeError):
        _ = lib.Shape["x"]
    with pytest.raises(TypeError):
        _ = 1 in lib.Shape


def test_a_callable_with_items_has_both(lib):
    assert lib.chooser(5) == [5]
    assert lib.chooser[1] == 20
    assert len(lib.chooser) == 2


def test_nested_classes_are_called_and_compared(lib):
    corner = lib.Shape.Corner()
    assert isinstance(corner, lib.Shape.Corner)
    assert "remote worklib.shown.Shape.Corner" in repr(corner)


def test_issubclass(lib):
    assert issubclass(lib.Square, lib.Shape)
    assert not issubclass(lib.Shape, lib.Square)
    assert not issubclass(int, lib.Shape)
    square = lib.Square()
    assert isinstance(square, lib.Shape)
    assert not isinstance(square, lib.Thing)
    assert not isinstance(3, lib.Shape)
    assert not isinstance(lib.Square, lib.Shape)
    for wrong in (3, square, lib.echo):
        with pytest.raises(TypeError, match="needs a class"):
            issubclass(wrong, lib.Shape)
    with pytest.raises(TypeError, match="needs a class"):
        issubclass(lib.Shape, lib.echo)


def test_objects_print_as_they_do_over_there(lib):
    error = lib.shown.fail("what went wrong")
    assert str(error) == "what went wrong"
    assert "remote builtins.ValueError" in repr(error)
    shape = lib.Shape()
    assert str(shape) == lib.shown.text_of(shape) == f"{shape}"
    assert str(lib.Shape) == repr(lib.Shape)


def test_reprs_of_what_is_gone_are_local_and_say_so(lib):
    shape, scale, kind = lib.Shape(), lib.Shape().scale, lib.Shape
    assert "gone" not in repr(shape)
    with pytest.raises(envknit.WorkerCrashed):
        lib.kill_myself()
    with pytest.warns(RuntimeWarning, match="replaced"):
        lib.echo(1)
    assert repr(shape).endswith("which is gone>")
    assert "worklib.shown.Shape.scale" in repr(scale)
    assert "remote class worklib.Shape" in repr(kind)
    with pytest.raises(envknit.StaleHandleError):
        dir(shape)
    assert "Corner" in dir(kind)


def test_a_half_made_proxy_has_a_repr(lib):
    kind = type(lib.Shape())
    made = kind.__new__(kind)
    assert repr(made) == "<remote worklib.shown.Shape, half made>"
    with pytest.raises(AttributeError):
        _ = made._envknit_handle
    for kind in (CallProxy, ModuleProxy):
        assert "half made" in repr(kind.__new__(kind))
