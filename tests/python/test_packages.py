"""Well-known packages with compiled parts at a short real job, for a client without them."""

import contextlib
import importlib.util
import math
import struct
import zlib

import pytest

import envknit

VERSIONS = {
    "pandas": "2.2.3",
    "scipy": "1.15.3",
    "markupsafe": "3.0.2",
    "regex": "2024.11.6",
    "lxml": "5.3.0",
    "pydantic": "2.10.4",
    "cryptography": "44.0.0",
    "pillow": "11.0.0",
}


@pytest.fixture(scope="module")
def package(environments):
    """The module proxy of a package."""
    lock = environments / "packages.lock.yaml"
    if not lock.exists():
        pytest.skip(f"{lock} is not there: no environment with these packages")
    assert envknit.configure_from_lock(lock, auto_install=False) >= len(VERSIONS)
    with contextlib.ExitStack() as stack:
        yield lambda name: stack.enter_context(envknit.worker(name, VERSIONS[name]))


@pytest.mark.parametrize("name", [*(VERSIONS.keys() - {"pillow"}), "numpy", "PIL"])
def test_the_client_has_none_of_them(name):
    assert importlib.util.find_spec(name) is None


def test_pandas_groups_filters_and_joins(package):
    pd = package("pandas")
    frame = pd.DataFrame({"city": ["Oslo", "Rome", "Oslo"], "t": [1.5, 20.0, 3.5]})
    assert frame.groupby("city")["t"].mean().to_dict() == {"Oslo": 2.5, "Rome": 20.0}
    assert frame[frame["t"] > 2].shape == (2, 2)
    assert len(pd.concat([frame, frame], ignore_index=True)) == 6
    assert frame.merge(pd.DataFrame({"city": ["Rome"], "n": [7]}))["n"].tolist() == [7]
    assert frame.to_csv(index=False) == "city,t\nOslo,1.5\nRome,20.0\nOslo,3.5\n"
    assert list(frame.columns) == ["city", "t"]
    assert frame.loc[0, "city"] == "Oslo"
    frame["f"] = frame["t"] * 2
    assert frame["f"].sum() == 50.0
    with pytest.raises(KeyError, match="nope"):
        frame["nope"]


def test_pandas_takes_callables_of_the_standard_library(package):
    pd = package("pandas")
    series = pd.Series(["a", "bb", "ccc"])
    assert series.apply(len).tolist() == [1, 2, 3]
    assert pd.Series([1.0, 4.0]).map(math.sqrt).tolist() == [1.0, 2.0]
    assert pd.Series(["1", "2"]).astype(int).sum() == 3


def test_pandas_uses_the_numpy_of_its_environment(package):
    pd = package("pandas")
    values = pd.DataFrame({"a": [1, 2, 3]})["a"].to_numpy()
    assert type(values)._envknit_type.full_name == "numpy.ndarray"
    assert memoryview(values).tolist() == [1, 2, 3]
    frame = pd.read_csv(pd.io.common.StringIO("a,b\n1,x\n2,y\n"))
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_pandas_class_methods_and_class_checks(package):
    pd = package("pandas")
    frame = pd.DataFrame.from_dict({"a": [1, 2]})
    assert isinstance(frame, pd.DataFrame)
    assert not isinstance(frame, pd.Series)
    assert "<table" in frame._repr_html_()


def test_scipy_integrates_and_minimizes(package):
    scipy = package("scipy")
    value, error = scipy.integrate.quad(math.sin, 0.0, math.pi)
    assert value == pytest.approx(2.0)
    assert error < 1e-9
    assert scipy.special.gamma(5.0) == 24.0
    x, *_ = scipy.optimize.fsolve(math.cos, [1.0]).tolist()
    assert x == pytest.approx(math.pi / 2)
    matrix = scipy.sparse.csr_matrix([[0, 1], [2, 0]])
    assert (matrix @ [1, 1]).tolist() == [1, 2]


def test_markupsafe_escapes(package):
    markupsafe = package("markupsafe")
    assert str(markupsafe.escape("<b>")) == "&lt;b&gt;"
    assert str(markupsafe.Markup("<em>%s</em>") % "<x>") == "<em>&lt;x&gt;</em>"


def test_regex_finds_what_re_cannot(package):
    regex = package("regex")
    match = regex.search(r"(?<y>\d{4})-(?<m>\d\d)", "on 2024-05")
    assert match.groupdict() == {"y": "2024", "m": "05"}
    assert match["y"] == "2024"
    assert regex.findall(r"\p{Lu}", "aBcD") == ["B", "D"]
    assert [m.span() for m in regex.finditer("a", "banana")] == [(1, 2), (3, 4), (5, 6)]
    with pytest.raises(envknit.RemoteError, match="missing"):
        regex.compile("(")


def test_lxml_parses_and_serializes(package):
    lxml = package("lxml")
    root = lxml.etree.fromstring(b"<r><a x='1'/><a x='2'/></r>")
    assert root.xpath("sum(//a/@x)") == 3.0
    assert [child.get("x") for child in root] == ["1", "2"]
    assert len(root) == 2
    root[0].text = "hello"
    assert lxml.etree.tostring(root) == b'<r><a x="1">hello</a><a x="2"/></r>'
    with pytest.raises(SyntaxError):
        lxml.etree.fromstring("<r>")


def test_pydantic_validates(package):
    pydantic = package("pydantic")
    model = pydantic.create_model("Model", a=(int, ...), b=(str, "x"))
    assert model(a="3").model_dump() == {"a": 3, "b": "x"}
    assert model.model_json_schema()["required"] == ["a"]
    with pytest.raises(ValueError, match="valid integer"):
        model(a="no")
    assert pydantic.TypeAdapter(dict).validate_json('{"k": [1, 2]}') == {"k": [1, 2]}


def test_cryptography_encrypts_signs_and_hashes(package):
    cryptography = package("cryptography")
    box = cryptography.fernet.Fernet(cryptography.fernet.Fernet.generate_key())
    token = box.encrypt(b"secret")
    assert box.decrypt(token) == b"secret"
    with pytest.raises(envknit.RemoteError, match="InvalidToken"):
        box.decrypt(b"x" + token[1:])
    primitives = cryptography.hazmat.primitives
    digest = primitives.hashes.Hash(primitives.hashes.SHA256())
    digest.update(b"abc")
    assert digest.finalize().hex().startswith("ba7816bf8f01cfea")
    key = primitives.asymmetric.ed25519.Ed25519PrivateKey.generate()
    key.public_key().verify(key.sign(b"text"), b"text")


def test_pillow_draws_and_encodes(package, tmp_path):
    pillow = package("pillow")
    image = pillow.Image.new("RGB", (10, 10), (255, 0, 0))
    pillow.ImageDraw.Draw(image).rectangle((2, 2, 7, 7), fill=(0, 255, 0))
    assert image.size == (10, 10)
    assert image.getpixel((5, 5)) == (0, 255, 0)
    path = tmp_path / "image.png"
    image.save(str(path))
    assert png_size(path.read_bytes()) == (10, 10)
    with pillow.Image.open(str(path)) as opened:
        assert opened.getpixel((0, 0)) == (255, 0, 0)
        assert opened.resize((5, 5)).size == (5, 5)


def test_a_file_made_here_is_read_there(package, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("n\n1\n2\n")
    assert package("pandas").read_csv(str(path))["n"].sum() == 3
    # And a path crosses as a path.
    assert package("pandas").read_csv(path)["n"].sum() == 3


def png_size(data):
    """Width and height, after a look at the checksum of the first chunk."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    length, kind = struct.unpack(">I4s", data[8:16])
    assert kind == b"IHDR"
    assert (
        zlib.crc32(data[12 : 16 + length])
        == struct.unpack(">I", data[16 + length : 20 + length])[0]
    )
    return struct.unpack(">II", data[16:24])
