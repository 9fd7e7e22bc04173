import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.config.redact import HIDDEN, redacted, redacted_address
from antiphon.config.shape import SETTINGS, leaves, mark
from antiphon.provider_settings import ProviderSettings
from antiphon.settings import DatabaseSettings, KeySettings, Settings

MARK = "S3CRET"
ANY = st.text(st.characters(codec="utf-8"), max_size=20)
SECRET = st.builds("{}{}{}".format, ANY, st.just(MARK), ANY)
IN_ADDRESS = st.from_regex(r"[!-~]{0,8}", fullmatch=True).map(lambda text: f"{MARK}{text}")
ADDRESS = st.one_of(
    IN_ADDRESS.map(lambda secret: f"https://user:{secret}@host:1/v1"),
    IN_ADDRESS.map(lambda secret: f"postgresql://{secret}@host/db"),
    IN_ADDRESS.map(lambda secret: f"sqlite:///file?key={secret}"),
    st.tuples(IN_ADDRESS, IN_ADDRESS).map(lambda two: f"http://{two[0]}:{two[1]}@h/p?{two[0]}@{two[1]}"),
)
SETTING = st.builds(
    Settings,
    master_key=st.none() | SECRET,
    keys=st.lists(st.builds(KeySettings, name=st.just("a"), key=SECRET), max_size=2),
    database=st.builds(DatabaseSettings, url=st.none() | ADDRESS),
    providers=st.dictionaries(
        st.sampled_from(["a", "b"]),
        st.builds(
            ProviderSettings,
            base_url=st.none() | ADDRESS,
            api_key=st.none() | SECRET,
            headers=st.dictionaries(st.just("x-key"), SECRET, max_size=1),
            proxy=st.none() | ADDRESS,
        ),
    ),
)


@settings(max_examples=settings().max_examples // 3)
@given(SETTING)
def test_no_secret_is_ever_shown(secretive: Settings) -> None:
    assert MARK not in redacted(secretive)
    assert MARK not in repr((secretive, secretive.keys, secretive.database, secretive.providers))


def test_all_else_is_shown_as_yaml() -> None:
    holding = Settings(
        master_key="k",
        providers={"a": ProviderSettings(headers={"x": "y"}, quirks={"stores": False}, base_url="http://h:1/v1")},
    )
    shown = yaml.safe_load(redacted(holding))
    assert shown["master_key"] == HIDDEN
    assert shown["providers"]["a"]["headers"] == {"x": HIDDEN}
    assert shown["providers"]["a"]["quirks"] == {"stores": False}
    assert shown["providers"]["a"]["base_url"] == "http://h:1/v1"
    assert shown["providers"]["a"].keys() == {"base_url", "headers", "quirks", "enabled"}
    assert shown["timeouts"]["idle_seconds"] == 120.0
    assert "models" not in shown


def test_addresses_keep_what_opens_nothing() -> None:
    assert redacted_address("sqlite:////home/a@b/antiphon.db") == "sqlite:////home/a@b/antiphon.db"
    assert redacted_address("https://u:p@h/x?a=b@c") == f"https://{HIDDEN}"
    assert redacted_address("no address") == HIDDEN
    assert redacted_address("https://host:1/v1") == "https://host:1/v1"
    assert redacted_address("postgresql://me:pw@host/db?sslmode=on") == f"postgresql://{HIDDEN}@host/db?{HIDDEN}"


def test_what_opens_a_door_is_marked() -> None:
    marked = {".".join(path) for path, field in leaves(SETTINGS) if mark(field.type, "secret")}
    signing = {
        "aws.access_key_id",
        "aws.secret_access_key",
        "aws.session_token",
        "aws.container_token",
        "google.key",
        "azure.client_secret",
        "azure.identity_header",
    }
    expected = {"master_key", "keys.[].key", "metrics.key", "providers.NAME.api_key", "webhooks.[].secret"}
    assert marked == expected | {f"providers.NAME.{path}" for path in signing}
    addresses = {".".join(path) for path, field in leaves(SETTINGS) if mark(field.type, "address")}
    services = {"aws.metadata_url", "aws.sts_url", "azure.authority_url", "azure.identity_url", "azure.metadata_url"}
    expected = {"database.url", "redis.url", "providers.NAME.base_url", "providers.NAME.proxy", "webhooks.[].url"}
    assert addresses == expected | {f"providers.NAME.{path}" for path in services}
