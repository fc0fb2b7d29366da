"""The GitHub Action: installs the mock server, starts it, and tells later steps where it is.

It reads its inputs from the variables VERSION, API_KEY and OPTIONS. The mock runs until the end of the job.
"""

import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time


def install(folder):
    """Returns the path of the program, from the wheel that pip chooses for this machine."""
    if chosen := os.environ.get("ORIONOS_MOCK_SERVER"):
        return chosen
    version = os.environ["VERSION"].removeprefix("v")
    wanted = f"orionos-mock-server=={version}" if version else "orionos-mock-server"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--target", folder, wanted], check=True)
    suffix = ".exe" if sys.platform == "win32" else ""
    return str(pathlib.Path(folder, "bin", f"orionos-mock-server{suffix}"))


def publish(variable, **values):
    """Appends to one of the files that the runner reads."""
    with open(os.environ[variable], "a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())


def main():
    folder = pathlib.Path(tempfile.mkdtemp(dir=os.environ.get("RUNNER_TEMP")))
    program = install(folder / "package")
    key, ready, log = os.environ["API_KEY"], folder / "url", folder / "log"
    options = shlex.split(os.environ["OPTIONS"])
    command = [program, "--port=0", f"--api-key={key}", f"--ready-file={ready}", *options]
    with log.open("wb") as output:
        mock = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    end = time.monotonic() + 10
    while not ready.exists():
        if mock.poll() is not None or time.monotonic() > end:
            mock.kill()
            sys.exit(f"the mock did not start:\n{log.read_text()}")
        time.sleep(0.02)
    url = ready.read_text()
    publish("GITHUB_OUTPUT", url=url, log=log)
    publish("GITHUB_ENV", ORION_BASE_URL=url, ORION_API_KEY=key)
    print(f"the mock is ready at {url}")


main()
