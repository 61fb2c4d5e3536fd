"""Real work with well-known packages, for whichever version an import gives."""

import contextlib
import http.server
import json
import sqlite3
import threading

import pytest

__all__ = ["WORK", "serving"]


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer({"path": self.path, "agent": self.headers["User-Agent"]})

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.answer({"path": self.path, "body": json.loads(self.rfile.read(length))})

    def answer(self, value):
        content = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serving():
    """A server on the loopback interface; its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def with_requests(version, place):
    import requests

    assert requests.__version__ == version
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(place + "/get", params={"q": version}, timeout=20)
        assert answer.json() == {"path": f"/get?q={version}", "agent": f"python-requests/{version}"}
        answer = session.post(place + "/post", json={"v": version}, timeout=20)
        assert answer.json()["body"] == {"v": version}
        with pytest.raises(requests.exceptions.ConnectionError):
            session.get("http://127.0.0.1:9/", timeout=20)
    import urllib3

    major = {"2.28.2": "1.", "2.31.0": "2."}[version]
    assert urllib3.__version__.startswith(major)
    assert requests.packages.urllib3 is urllib3
    assert requests.adapters.PoolManager is urllib3.PoolManager
    return requests


def with_attrs(version, _):
    import attr
    import attrs

    @attrs.define
    class Point:
        x: int = attrs.field(converter=int)
        y: int = attrs.field(default=0, validator=attrs.validators.instance_of(int))

    assert attr.asdict(Point("1", 2)) == {"x": 1, "y": 2}
    assert attrs.evolve(Point(1), y=3) == Point(1, 3)
    with pytest.raises(TypeError):
        Point(1, "two")
    assert attrs.filters.exclude(int)
    return attr


def with_click(version, _):
    import click

    said = []

    @click.group()
    def program():
        pass

    @program.command()
    @click.option("--times", type=click.IntRange(1, 3), default=1)
    @click.argument("name")
    def greet(times, name):
        said.extend([click.style(f"hello {name}", fg="green")] * times)

    program.main(["greet", "--times", "2", version], standalone_mode=False)
    assert [click.unstyle(line) for line in said] == [f"hello {version}"] * 2
    with pytest.raises(click.BadParameter):
        program.main(["greet", "--times", "9", "x"], standalone_mode=False)
    assert "Usage" in program.get_help(click.Context(program))
    return click


def with_jinja2(version, _):
    import jinja2
    import jinja2.sandbox

    assert jinja2.__version__ == version
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(
            {
                "base": "<{% block body %}{% endblock %}>",
                "page": "{% extends 'base' %}"
                "{% block body %}{{ text }}{{ '<i>'|safe }}{% endblock %}",
            }
        ),
        autoescape=True,
    )
    assert environment.get_template("page").render(text="<b>") == "<&lt;b&gt;<i>>"
    sandbox = jinja2.sandbox.SandboxedEnvironment()
    with pytest.raises(jinja2.exceptions.SecurityError):
        sandbox.from_string("{{ ().__class__.__subclasses__() }}").render()
    import markupsafe

    assert jinja2.utils.markupsafe.Markup is markupsafe.Markup
    return jinja2


def with_packaging(version, _):
    import packaging
    from packaging.markers import Marker
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.tags import sys_tags
    from packaging.version import Version

    assert packaging.__version__ == version
    assert Version("1.10") > Version("1.9rc1")
    assert Version("1.5") in SpecifierSet(">=1.4,!=1.5.1")
    needed = Requirement("requests[socks]>=2; python_version > '3'")
    assert (needed.name, needed.extras) == ("requests", {"socks"})
    assert Marker("python_version > '3'").evaluate()
    assert next(iter(sys_tags())).interpreter.startswith("cp")
    return packaging


def with_rich(version, _):
    import io

    from rich.console import Console
    from rich.markdown import Markdown
    from rich.syntax import Syntax
    from rich.table import Table
    from rich.traceback import Traceback

    console = Console(file=io.StringIO(), width=60, force_terminal=True)
    table = Table(title=version)
    table.add_column("name")
    table.add_row("[bold]value[/bold]")
    console.print(table)
    console.print(Markdown("# Title\n\n* item"))
    console.print(Syntax("def f(): pass", "python"))
    console.print({"a": [1, 2]})
    try:
        raise ZeroDivisionError
    except ZeroDivisionError as error:
        console.print(Traceback.from_exception(type(error), error, error.__traceback__))
    shown = console.file.getvalue()
    assert all(part in shown for part in (version, "value", "Title", "item", "ZeroDivisionError"))
    import rich

    return rich


def with_sqlalchemy(version, _):
    import sqlalchemy
    from sqlalchemy import orm

    assert sqlalchemy.__version__ == version
    base = orm.declarative_base()

    class User(base):
        __tablename__ = "users"
        id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
        name = sqlalchemy.Column(sqlalchemy.String)
        addresses = orm.relationship("Address", back_populates="user")

    class Address(base):
        __tablename__ = "addresses"
        id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
        user_id = sqlalchemy.Column(sqlalchemy.ForeignKey("users.id"))
        user = orm.relationship("User", back_populates="addresses")

    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.pool.StaticPool)
    base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add(User(name=version, addresses=[Address(), Address()]))
        session.commit()
        found = session.query(User).filter(User.name.like(version)).one()
        assert len(found.addresses) == 2
        with pytest.raises(sqlalchemy.exc.NoResultFound):
            session.query(User).filter_by(name="nobody").one()
        with pytest.raises(sqlalchemy.exc.OperationalError) as caught:
            session.execute(sqlalchemy.text("select * from nothing"))
        assert isinstance(caught.value.orig, sqlite3.OperationalError)
    engine.dispose()
    return sqlalchemy


WORK = {
    "requests": with_requests,
    "attrs": with_attrs,
    "click": with_click,
    "jinja2": with_jinja2,
    "packaging": with_packaging,
    "rich": with_rich,
    "sqlalchemy": with_sqlalchemy,
}
