import re
import subprocess

import pytest


@pytest.fixture
def run(daemon_binary):
    def run(*words, **options):
        return subprocess.run(
            [daemon_binary, *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **options,
        )

    return run


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "usage: envknitd"),
        (("srve",), "did you mean serve?"),
        (("serve",), "--lock"),
        (("serve", "--lok", "x"), "--lock"),
        (("serve", "--lock", "a.yaml", "extra"), "extra"),
        (("serve", "--lock", "a.yaml", "--tcp", "nonsense"), "nonsense"),
        (("serve", "--lock", "a.yaml", "--tcp", "0.0.0.0:5551"), "--insecure-tcp"),
        (("serve", "--private"), "--death-fd"),
        (("serve", "--lock", "a.yaml", "--log-level", "loud"), "debug, info"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_right(run, words, says):
    done = run(*words)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""


def test_lock_file_that_is_not_there_ends_with_1(run, tmp_path):
    missing = tmp_path / "missing.yaml"
    done = run("serve", "--socket", str(tmp_path / "s"), "--lock", str(missing))
    assert done.returncode == 1
    assert str(missing) in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_malformed_lock_file_is_named_with_its_line(run, tmp_path):
    lock = tmp_path / "bad.yaml"
    lock.write_text('schema_version: "1.0"\nenvironments:\n  a: 7\n')
    done = run("serve", "--socket", str(tmp_path / "s"), "--lock", str(lock))
    assert done.returncode == 1
    assert f"{lock}:3:" in done.stderr


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("serve", "--help")])
def test_help_shows_examples(run, words):
    done = run(*words)
    assert done.returncode == 0
    assert "envknitd serve --lock envknit.lock.yaml" in done.stdout
    assert done.stderr == ""


def test_every_flag_is_in_the_help(run):
    text = run("serve", "--help").stdout
    for flag in ("--socket", "--lock", "--tcp", "--config", "--log-level", "--notify-fd"):
        assert flag in text


def test_version_is_a_version(run):
    assert re.fullmatch(r"envknitd \d+\.\d+\.\d+\n", run("--version").stdout)
