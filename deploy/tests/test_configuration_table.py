"""docs/configuration.md is what the configuration classes say."""

from deploy.configuration_table import PAGE, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_old_names_files_and_readers_are_told() -> None:
    lines = {line.split("`")[1]: line for line in page().splitlines() if line.startswith("| `")}

    assert "`SECRET_KEY`" in lines["VITAE_IDENTITY_SECRET"]
    assert "secret, file" in lines["VITAE_RENDER_SIGNING_KEY"]
    assert "| file |" in lines["VITAE_INTERNAL_JWKS"]
    assert "storage migrations" in lines["VITAE_STORAGE_DATABASE_OWNER_URL"]
    assert "**required**" in lines["VITAE_STORAGE_DATABASE_URL"]
