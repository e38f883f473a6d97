"""A person takes everything along, deletes with files, and is erased, with nothing but REST."""

import io
import zipfile

from tests.support.system import LiveSystem, until


def test_a_person_takes_everything_along_and_is_erased(system: LiveSystem) -> None:
    with system.rest("rest-goner") as rest, system.rest("rest-stayer") as other:
        kept = other.resume()
        resume = rest.resume()
        rest.call("POST", "/exports", 201, json={"document_id": resume["id"], "format": "txt"})

        taken = rest.ask("GET", "/me/data")
        assert taken.headers["Content-Type"] == "application/zip"
        assert "my-data.zip" in taken.headers["Content-Disposition"]
        assert "no-store" in taken.headers["Cache-Control"]
        with zipfile.ZipFile(io.BytesIO(taken.content)) as archive:
            assert archive.testzip() is None
            assert f"documents/{resume['id']}/document.json" in archive.namelist()

        counted = rest.call("DELETE", "/me/data", params={"validate_only": True})
        assert {each["kind"]: each["count"] for each in counted["erased"]}["resumes"] == 1
        assert rest.call("GET", f"/resumes/{resume['id']}")["id"] == resume["id"]

        report = rest.call("DELETE", "/me/data")
        erased = {each["kind"]: each["count"] for each in report["erased"]}
        assert (erased["profiles"], erased["resumes"], erased["files"]) == (1, 1, 1)
        assert not report.get("pending")
        for path in ("/profiles", "/jobs", "/resumes", "/exports"):
            assert rest.call("GET", path)["total_size"] == 0
        assert other.call("GET", f"/resumes/{kept['id']}")["id"] == kept["id"]


def test_a_tenants_admin_has_a_user_erased(system: LiveSystem) -> None:
    with system.rest("rest-leaver") as rest, system.rest("rest-admin", roles=("tenant_admin",)) as admin:
        user_id = rest.resume()["created_by"]
        report = admin.call("DELETE", f"/users/{user_id}/data")
        assert {each["kind"] for each in report["erased"]} >= {"profiles", "resumes", "versions"}
        assert rest.call("GET", "/resumes")["total_size"] == 0


def test_a_resume_goes_with_its_files_when_asked(system: LiveSystem) -> None:
    with system.rest("rest-tidy") as rest:
        resume = rest.resume()
        export = rest.call("POST", "/exports", 201, json={"document_id": resume["id"], "format": "txt"})
        rest.call("DELETE", f"/resumes/{resume['id']}", 204, params={"delete_files": True})
        assert until(lambda: rest.ask("GET", f"/exports/{export['id']}").status_code == 404)
