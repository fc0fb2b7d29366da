"""The fixtures for pytest."""

import pytest


@pytest.fixture
def project(pytester):
    pytester.makepyfile(
        test_per_test="""
            import pytest
            pytestmark = pytest.mark.orion_mock(agents=["Pilot"])

            @pytest.mark.parametrize("turn", range(8))
            def test_every_test_has_its_own_mock(orion_mock, turn):
                assert [agent["name"] for agent in orion_mock.snapshot()["agents"]] == ["Pilot"]
                orion_mock.restore({"agents": []})

            @pytest.mark.orion_mock(tier="standard")
            def test_markers_add_up(orion_mock):
                assert orion_mock.limits()["create"] == 10
                assert len(orion_mock.snapshot()["agents"]) == 1
        """,
        test_per_run="""
            import json, os, pathlib, urllib.request, pytest

            @pytest.mark.parametrize("turn", range(40))
            def test_workers_do_not_see_each_other(orion_mock_server, turn):
                worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
                mock = orion_mock_server
                assert mock.api_key == f"test-key-{worker}"
                assert mock.limits()["create"] == 10
                mock.reset()
                request = urllib.request.Request(mock.base_url + "/agents", json.dumps({"name": worker}).encode())
                request.add_header("authorization", f"Bearer {mock.api_key}")
                request.add_header("content-type", "application/json")
                urllib.request.urlopen(request).close()
                assert [agent["name"] for agent in mock.snapshot()["agents"]] == [worker]
                mock.verify("create", count=1)
                pathlib.Path("urls").mkdir(exist_ok=True)
                pathlib.Path("urls", worker).write_text(mock.base_url)
        """,
    )
    pytester.makeini("[pytest]\norion_mock_options = --tier standard\n")
    return pytester


@pytest.mark.parametrize("workers", [(), ("-n", "4")], ids=["alone", "four workers"])
def test_fixtures_isolate_tests(project, workers):
    result = project.runpytest_subprocess("-p", "no:cacheprovider", *workers)
    result.assert_outcomes(passed=49)
    urls = list((project.path / "urls").iterdir())
    assert len(urls) == (4 if workers else 1)
    assert len({path.read_text() for path in urls}) == 1, "all workers share one process"


def test_a_failed_check_shows_no_frame_of_this_package(pytester):
    pytester.makepyfile("def test_it(orion_mock):\n    orion_mock.verify('create', body={'name': 'Ledger'})\n")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*AssertionError: expected at least 1 of: create*"])
    result.stdout.no_fnmatch_line("*_server.py*")


def test_a_server_that_does_not_start_fails_only_the_tests_that_use_it(pytester):
    pytester.makepyfile("def test_a(): pass\ndef test_b(orion_mock_server): pass\n")
    pytester.makeini("[pytest]\norion_mock_options = --tier gold\n")
    for workers in ((), ("-n", "2")):
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *workers)
        result.assert_outcomes(passed=1, errors=1)
        result.stdout.fnmatch_lines(["*unknown tier*"])
