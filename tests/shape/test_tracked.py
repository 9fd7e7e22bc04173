import re

from tests.shape.repository import tracked_text

# A path that exists on one machine only, or the host of a package index: neither means anything to a reader.
# Each is written so that it does not match itself.
MACHINE_PATHS = re.compile(r"/(?:work|root|home/[a-z][a-z0-9_-]*|Users/[A-Za-z]+)/")
INDEX_HOSTS = re.compile(
    r"pypi\.(?:org|python)|pythonhosted\.(?:org)|registry\.(?:npmjs|yarnpkg)|--(?:extra-)?index[-]url|\"resolved\":"
    r"|https?://[^\s\"]+\.(?:whl|tgz|tar\.gz)",
    re.IGNORECASE,
)
LEFT_OVERS = re.compile(r"\b(?:TO[D]O|FIX[M]E|X{3}|NotImplemented[E]rror)\b")
# A waiver names its rule; the limits on size cannot be waived.
BARE_WAIVERS = re.compile(r"#\s*(?:noqa(?!:)|type:\s*ignore|pyright:\s*ignore(?!\[)|pyright:\s*(?:basic|strict=))")
SIZE_WAIVERS = re.compile(r"#\s*noqa:[^#\n]*\b(?:C901|PLR0915|PLR0912)\b")


def found(pattern: re.Pattern[str], suffix: str = "") -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in tracked_text().items()
        if path.name.endswith(suffix)
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_names_a_machine() -> None:
    assert not found(MACHINE_PATHS)


def test_no_file_names_a_package_index() -> None:
    assert not found(INDEX_HOSTS)


def test_nothing_is_left_for_later() -> None:
    assert not found(LEFT_OVERS)


def test_a_waiver_names_its_rule() -> None:
    assert not found(BARE_WAIVERS, ".py")


def test_a_limit_on_size_is_never_waived() -> None:
    assert not found(SIZE_WAIVERS, ".py")
