"""The bill of materials names every package the image says it holds."""

from deploy.sbom import bill


def test_python_and_debian_packages_have_their_package_urls() -> None:
    held = {
        "python": [["Jinja2", "3.1.6"], ["typing_extensions", "4.15.0"]],
        "debian": [["libpango-1.0-0", "1.50.12", "amd64"]],
    }

    document = bill("images.example.com:5000/vitae/render:0.1.0", held)

    assert [each["purl"] for each in document["components"]] == [
        "pkg:pypi/jinja2@3.1.6",
        "pkg:pypi/typing-extensions@4.15.0",
        "pkg:deb/debian/libpango-1.0-0@1.50.12?arch=amd64",
    ]
    assert document["metadata"]["component"]["name"] == "images.example.com:5000/vitae/render"
    assert document["metadata"]["component"]["version"] == "0.1.0"
