"""Creates a project from the README's code blocks: the first program, and the test."""

import pathlib
import re
import sys

readme, project = pathlib.Path(sys.argv[1]).read_text(), pathlib.Path(sys.argv[2])
blocks = re.findall(r"```rust[^\n]*\n(.*?)```", readme, re.S)
program = next(block for block in blocks if "OrionOS::from_env" in block)
test = next(block for block in blocks if "MockServer::start" in block)
(project / "src").mkdir(parents=True)
(project / "tests").mkdir()
(project / "Cargo.toml").write_text(
    """[package]
name = "newcomer"
version = "0.0.0"
edition = "2024"

[dependencies]
orionos = "0.1.0"
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }

[dev-dependencies]
orionos-mock-server = "0.1.0"

[workspace]
"""
)
(project / "src/main.rs").write_text(program)
(project / "tests/readme.rs").write_text(
    test.replace("#[tokio::main(flavor = \"current_thread\")]", "#[tokio::test]").replace("fn main", "fn readme")
)
