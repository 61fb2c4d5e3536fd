"""Several packages of one locked environment in one worker."""

import pytest

import envknit

ALPHA = """
class Alpha:
    def __init__(self, value):
        self.value = value
made = []
def make(value):
    made.append(value)
    return Alpha(value)
"""
BETA = """
import alpha
def is_alpha(thing):
    return type(thing) is alpha.Alpha
def value_of(thing):
    return thing.value
"""


@pytest.fixture
def lock(tmp_path):
    """Environments "pair" and "second", each with the same two packages."""
    for name, source in (("alpha", ALPHA), ("beta", BETA)):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(source)
    packages = "".join(
        f"    - {{name: {name}, version: '1.0', install_path: {tmp_path / name}}}\n"
        for name in ("alpha", "beta")
    )
    path = tmp_path / "envknit.lock.yaml"
    path.write_text(
        f"schema_version: '1.0'\nenvironments:\n  pair:\n{packages}  second:\n{packages}"
    )
    assert envknit.configure_from_lock(path) == 2
    return path


def test_handles_pass_between_its_modules(lock):
    with envknit.environment("pair") as pair:
        alpha, beta = pair.import_module("alpha"), pair.import_module("beta")
        thing = alpha.make(7)
        assert beta.is_alpha(thing) is True
        assert beta.value_of(thing) == 7
        assert beta.alpha.make(8).value == 8
        assert repr(pair) == "<Environment environment pair>"


def test_numpy_and_its_submodules_are_one_worker(lock_file):
    with envknit.environment("numpy1") as env:
        np, linalg = env.import_module("numpy"), env.import_module("numpy.linalg")
        assert np.__version__ == "1.26.4"
        assert linalg.norm(np.array([3.0, 4.0])) == 5.0
        # The standard library, and its submodules.
        assert env.import_module("os.path").join("a", "b") == "a/b"
        assert env.import_module("xml.etree.ElementTree").fromstring("<a/>").tag == "a"


def test_blocks_of_one_name_share_a_worker(lock):
    with envknit.environment("pair") as pair, envknit.environment("second") as other:
        pair.import_module("alpha").make("mine")
        here = pair.import_module("os").getpid()
        assert other.import_module("os").getpid() != here
        assert "mine" not in other.import_module("alpha").made
    with envknit.environment("pair", timeout=5) as pair:
        assert pair.import_module("os").getpid() == here
        assert "mine" in pair.import_module("alpha").made
    with envknit.worker("alpha", "1.0", env="pair") as alpha:
        assert "mine" not in alpha.made


def test_options_are_those_of_worker(lock):
    with envknit.environment("pair", 0.3) as pair, pytest.raises(envknit.DeadlineError):
        pair.import_module("time").sleep(30)
    copied = envknit.environment("pair", results="copy")
    with copied as pair, pytest.raises(envknit.NotByValueError):
        pair.import_module("alpha").make(1)
    with pytest.raises(TypeError, match="timeout is a number"):
        envknit.environment("pair", "1")
    with pytest.raises(ValueError, match='"auto" or "copy"'):
        envknit.environment("pair", results="all")


def test_an_unknown_name_says_what_is_near(lock):
    with pytest.raises(envknit.NotRegisteredError, match="did you mean pair") as raised:
        envknit.environment("pare")
    assert raised.value.metadata["near"] == "pair"
    assert isinstance(raised.value, ImportError)
    assert isinstance(raised.value, ValueError)


def test_import_module_refuses_what_is_no_absolute_name(lock):
    with envknit.environment("pair") as pair:
        for name in ("", ".alpha"):
            with pytest.raises(ValueError, match="import_module"):
                pair.import_module(name)
        with pytest.raises(TypeError, match="import_module"):
            pair.import_module(3)
        with pytest.raises(ModuleNotFoundError) as raised:
            pair.import_module("gamma")
        assert isinstance(raised.value, envknit.RemoteError)
